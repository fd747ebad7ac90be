//! Copies of the model, shared by all cameras, in strict order of asking.
//!
//! A camera has at most one frame in inference and computes it on its own thread while it holds a copy: no frame is copied, no message
//! sent. Turns are taken like numbers at a counter, so under overload every camera gets as many frames as any other.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Condvar, Mutex};

use crate::config::settings::DetectorSettings;

use super::contract::{Contract, Model};
use super::heads::Head;
use super::inference::Inference;
use super::region::Window;
use super::{DetectError, heap, onnx};

/// The model in as many copies as may run at the same time.
pub struct Pool {
    contract: Contract,
    head: Head,
    state: Mutex<State>,
    /// Number `n` waits at `turns[n % TURNS]`: a copy that comes free wakes one camera, not all of them.
    turns: [Condvar; TURNS],
}

const TURNS: usize = 64;
const LOCK: &str = "no holder of this lock can panic";

/// Invariant: `serving <= next`; numbers in `serving..next` are waiting.
struct State {
    free: Vec<ModelCopy>,
    next: u64,
    serving: u64,
}

/// A copy of the model, and around what its input has padding: painted once, it stays while pictures keep their place.
pub(super) struct ModelCopy {
    pub(super) inference: Box<dyn Inference>,
    pub(super) padded_around: Option<Window>,
}

impl Pool {
    /// Reads the configured model and loads it `settings.sessions` times (at least once).
    ///
    /// # Errors
    /// Everything that [`Model::load`] and the runtime can say.
    pub fn open(settings: &DetectorSettings) -> Result<Arc<Self>, DetectError> {
        let model = Model::load(settings.model.as_deref().ok_or(DetectError::NoModel)?)?;
        let copies = (0..settings.sessions.max(1)).map(|_| onnx::open(settings, &model)).collect::<Result<_, _>>()?;
        let contract = model.into_contract();
        heap::give_back_freed();
        Self::with_copies(contract, copies)
    }

    /// A pool of copies that were made elsewhere: another runtime, a test's stub.
    ///
    /// # Errors
    /// When there is no copy, or its outputs are not those of the contract.
    pub fn with_copies(contract: Contract, copies: Vec<Box<dyn Inference>>) -> Result<Arc<Self>, DetectError> {
        let first = copies.first().ok_or(DetectError::NoModel)?;
        let head = Head::bind(&contract, first.as_ref()).map_err(|detail| DetectError::Mismatch {
            model: contract.name.clone(),
            side: "output",
            detail,
        })?;
        let free = copies.into_iter().map(|inference| ModelCopy { inference, padded_around: None }).collect();
        let state = Mutex::new(State { free, next: 0, serving: 0 });
        Ok(Arc::new(Self { contract, head, state, turns: [const { Condvar::new() }; TURNS] }))
    }

    /// The contract of the model: name, hash and scores for messages and tracking.
    pub fn model(&self) -> &Contract {
        &self.contract
    }

    pub(super) fn head(&self) -> &Head {
        &self.head
    }

    /// Waits for this thread's turn and a free copy; dropping the lease gives it back.
    pub(super) fn lease(self: &Arc<Self>) -> Lease {
        let mut state = self.state.lock().expect(LOCK);
        let number = state.next;
        state.next += 1;
        loop {
            if state.serving == number
                && let Some(copy) = state.free.pop()
            {
                state.serving += 1;
                let more = !state.free.is_empty() && state.serving < state.next;
                let turn = self.turn(state.serving);
                drop(state);
                if more {
                    turn.notify_all();
                }
                return Lease { pool: Arc::clone(self), copy: Some(copy) };
            }
            state = self.turn(number).wait(state).expect(LOCK);
        }
    }

    fn give_back(&self, copy: ModelCopy) {
        let mut state = self.state.lock().expect(LOCK);
        state.free.push(copy);
        // Waking asks the kernel, also when nobody waits.
        let waits = (state.serving < state.next).then(|| self.turn(state.serving));
        drop(state);
        if let Some(turn) = waits {
            turn.notify_all();
        }
    }

    fn turn(&self, number: u64) -> &Condvar {
        &self.turns[(number % TURNS as u64) as usize]
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pool {{ {} }}", self.contract.name)
    }
}

/// One copy of the model, for one frame of one camera.
pub(super) struct Lease {
    pool: Arc<Pool>,
    copy: Option<ModelCopy>,
}

const HELD: &str = "the copy is taken out only when the lease is dropped";

impl Deref for Lease {
    type Target = ModelCopy;

    fn deref(&self) -> &Self::Target {
        self.copy.as_ref().expect(HELD)
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.copy.as_mut().expect(HELD)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(copy) = self.copy.take() {
            self.pool.give_back(copy);
        }
    }
}
