//! Which stored message goes next, which are under way, which have arrived: decided without a socket and without a clock.
//!
//! The [`Window`] looks at rows of the store, the [`InFlight`] list at packet ids of one connection. Both are pure, so that the law "every
//! row is delivered or refused, never skipped" is tested with thousands of made-up connections instead of with luck.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// Number of a message in the store; later messages have higher numbers.
pub type Row = i64;

/// Tries after which a message that the broker will not take is put aside.
pub(super) const TRIES: u8 = 3;

/// A refusal is often about load (quota): the next try waits this long, times the tries so far.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What the caller does about a message that was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refused {
    /// It will be offered again.
    Retry,
    /// Three times is enough: put it aside, the queue moves on.
    PutAside,
    /// Old news: it was not under way.
    Unknown,
}

/// Whose fault a lost connection is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Blame {
    /// The network's or the broker's.
    Nobody,
    /// The broker hung up because of what it was sent.
    Message,
}

/// The next thing to ask the store for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    /// The waiting rows after this one, at most so many.
    After(Row, usize),
    /// This row once more.
    Again(Row),
}

/// What is under way between store and broker.
///
/// Invariant: every waiting row of the store is under way, due for another try, or greater than `cursor`.
#[derive(Debug, Default)]
pub(super) struct Window {
    limit: Option<usize>,
    cursor: Row,
    under_way: BTreeSet<Row>,
    tries: BTreeMap<Row, u8>,
    again: BTreeMap<Row, Duration>,
    /// The broker hung up over one of the messages up to here: they go one at a time.
    careful_until: Row,
}

impl Window {
    /// A connection is up and takes at most `limit` messages at once.
    pub(super) fn connected(&mut self, limit: usize) {
        self.limit = Some(limit.max(1));
    }

    /// The connection is gone: everything under way is unsent again. Returns the row to put aside when the broker hung up because of it
    /// for the last time.
    pub(super) fn disconnected(&mut self, blame: Blame) -> Option<Row> {
        self.limit = None;
        let culprit = self.culprit(blame);
        if let Some(&first) = self.under_way.iter().next() {
            self.cursor = self.cursor.min(first - 1);
        }
        // Rows due for another try lie before or after the cursor; from the oldest of them everything waiting is read again.
        if let Some(&first) = self.again.keys().next() {
            self.cursor = self.cursor.min(first - 1);
        }
        self.under_way.clear();
        self.again.clear();
        culprit
    }

    /// After the broker hung up over a message, messages go one at a time, so that the next time shows which one it was.
    fn culprit(&mut self, blame: Blame) -> Option<Row> {
        if blame == Blame::Nobody || self.under_way.is_empty() {
            return None;
        }
        let alone = (self.under_way.len() == 1).then(|| self.under_way.first().copied()).flatten();
        self.careful_until = self.careful_until.max(self.under_way.last().copied().unwrap_or(0));
        let row = alone?;
        let tries = self.count_try(row);
        (tries >= TRIES).then(|| self.forget(row))
    }

    /// What to ask the store for now; `None` while offline or full. `now` is monotonic time.
    pub(super) fn wanted(&self, now: Duration) -> Option<Wanted> {
        let room = self.room()?;
        let due = self.again.iter().find(|&(_, &due)| due <= now);
        Some(due.map_or(Wanted::After(self.cursor, room), |(&row, _)| Wanted::Again(row)))
    }

    fn room(&self) -> Option<usize> {
        let oldest = self.under_way.first().copied().unwrap_or(self.cursor + 1);
        let limit = if oldest <= self.careful_until { self.limit?.min(1) } else { self.limit? };
        let room = limit.saturating_sub(self.under_way.len());
        (room > 0).then_some(room)
    }

    /// When [`Window::wanted`] should be asked again although nothing happened.
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.limit.and(self.again.values().min().copied())
    }

    /// `row` was given to the transport.
    pub(super) fn handed_over(&mut self, row: Row) {
        self.again.remove(&row);
        self.under_way.insert(row);
        self.cursor = self.cursor.max(row);
    }

    /// `row` need not be sent any more: nothing to hand over.
    pub(super) fn gone(&mut self, row: Row) {
        self.forget(row);
        self.cursor = self.cursor.max(row);
    }

    /// The broker has `row`. `false` when it had said so before.
    pub(super) fn delivered(&mut self, row: Row) -> bool {
        let first = self.under_way.contains(&row);
        if first {
            self.forget(row);
        }
        first
    }

    /// The broker will not take `row`.
    pub(super) fn refused(&mut self, row: Row, now: Duration) -> Refused {
        if !self.under_way.remove(&row) {
            return Refused::Unknown;
        }
        let tries = self.count_try(row);
        if tries >= TRIES {
            self.forget(row);
            return Refused::PutAside;
        }
        self.again.insert(row, now + RETRY_AFTER * u32::from(tries));
        Refused::Retry
    }

    fn count_try(&mut self, row: Row) -> u8 {
        let tries = self.tries.entry(row).or_insert(0);
        *tries += 1;
        *tries
    }

    fn forget(&mut self, row: Row) -> Row {
        self.under_way.remove(&row);
        self.again.remove(&row);
        self.tries.remove(&row);
        row
    }
}

/// Publications of one connection, from handing them to the client until the broker's acknowledgement.
///
/// The client gives no packet id when it takes a publication, but sends them in order: the first announced packet id belongs to the first
/// one handed over. Invariant: the front of `sent` is not acknowledged, so the span of packet ids never exceeds the length.
#[derive(Debug)]
pub(super) struct InFlight<T> {
    handed_over: VecDeque<T>,
    sent: VecDeque<(u16, Option<T>)>,
    limit: usize,
    progress: Duration,
}

impl<T> InFlight<T> {
    /// At most `limit` at once.
    pub(super) fn new(limit: usize) -> Self {
        Self { handed_over: VecDeque::new(), sent: VecDeque::new(), limit: limit.max(1), progress: Duration::ZERO }
    }

    /// Whether one more may be handed over. Acknowledged ones count until all before them are acknowledged too: packet ids go round, and an
    /// id must not come up again while its last use is open.
    pub(super) fn has_room(&self) -> bool {
        self.handed_over.len() + self.sent.len() < self.limit
    }

    /// Nothing is under way.
    pub(super) fn is_empty(&self) -> bool {
        self.handed_over.is_empty() && self.sent.is_empty()
    }

    /// The client took `item`.
    pub(super) fn handed_over(&mut self, item: T, now: Duration) {
        if self.is_empty() {
            self.progress = now;
        }
        self.handed_over.push_back(item);
    }

    /// The client sent a publication as `pkid`. Id 0 is quality of service 0: nothing more will come, so the item is returned.
    pub(super) fn sent(&mut self, pkid: u16, now: Duration) -> Option<T> {
        self.progress = now;
        let item = self.handed_over.pop_front()?;
        if pkid == 0 {
            return Some(item);
        }
        self.sent.push_back((pkid, Some(item)));
        None
    }

    /// The broker acknowledged `pkid`.
    pub(super) fn acknowledged(&mut self, pkid: u16, now: Duration) -> Option<T> {
        self.progress = now;
        let item = self.sent.iter_mut().find(|(id, item)| *id == pkid && item.is_some())?.1.take();
        while self.sent.front().is_some_and(|(_, item)| item.is_none()) {
            self.sent.pop_front();
        }
        item
    }

    /// When patience ends: the time by which something must move, while anything is under way.
    pub(super) fn overdue_at(&self, patience: Duration) -> Option<Duration> {
        (!self.is_empty()).then(|| self.progress + patience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Duration = Duration::ZERO;

    /// The waiting rows of a store, as the window's caller reads them.
    fn read(store: &BTreeSet<Row>, wanted: Wanted) -> Vec<Row> {
        match wanted {
            Wanted::After(row, room) => store.range(row + 1..).take(room).copied().collect(),
            Wanted::Again(row) => store.get(&row).copied().into_iter().collect(),
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Add,
        Connect(usize),
        Disconnect,
        Send,
        Acknowledge(usize),
        Refuse(usize),
        Wait,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            3 => Just(Step::Add),
            1 => (1usize..8).prop_map(Step::Connect),
            1 => Just(Step::Disconnect),
            4 => Just(Step::Send),
            4 => (0usize..8).prop_map(Step::Acknowledge),
            1 => (0usize..8).prop_map(Step::Refuse),
            1 => Just(Step::Wait),
        ];
        prop::collection::vec(step, 0..200)
    }

    /// A store, a broker and the window between them.
    #[derive(Default)]
    struct World {
        window: Window,
        store: BTreeSet<Row>,
        next: Row,
        sent: Vec<Row>,
        connected: bool,
        limit: usize,
        now: Duration,
        first_sent: Vec<Row>,
        arrived: BTreeSet<Row>,
        put_aside: BTreeSet<Row>,
    }

    impl World {
        fn step(&mut self, step: &Step) {
            match *step {
                Step::Add => {
                    self.next += 1;
                    self.store.insert(self.next);
                }
                Step::Connect(limit) if !self.connected => {
                    (self.connected, self.limit) = (true, limit);
                    self.window.connected(limit);
                }
                Step::Disconnect if self.connected => {
                    self.connected = false;
                    self.sent.clear();
                    assert_eq!(self.window.disconnected(Blame::Nobody), None);
                }
                Step::Send => self.send(),
                Step::Acknowledge(n) if n < self.sent.len() => {
                    let row = self.sent.remove(n);
                    assert!(self.window.delivered(row), "{row} was under way");
                    self.store.remove(&row);
                    self.arrived.insert(row);
                }
                Step::Refuse(n) if n < self.sent.len() => {
                    let row = self.sent.remove(n);
                    if self.window.refused(row, self.now) == Refused::PutAside {
                        self.store.remove(&row);
                        self.put_aside.insert(row);
                    }
                }
                Step::Wait => self.now += Duration::from_secs(1),
                _ => {}
            }
        }

        fn send(&mut self) {
            let Some(wanted) = self.window.wanted(self.now) else { return };
            for row in read(&self.store, wanted) {
                assert!(!self.sent.contains(&row), "{row} is under way already");
                self.window.handed_over(row);
                if !self.first_sent.contains(&row) {
                    self.first_sent.push(row);
                }
                self.sent.push(row);
            }
            assert!(self.connected && self.sent.len() <= self.limit, "no more than the broker takes");
        }
    }

    proptest! {
        #[test]
        fn every_row_arrives_or_is_put_aside_and_none_overtakes_on_its_first_way(steps in steps()) {
            let mut world = World::default();
            for step in &steps {
                world.step(step);
            }
            world.step(&Step::Connect(3));
            for _ in 0..4 * world.next + 20 {
                world.step(&Step::Wait);
                world.step(&Step::Send);
                while !world.sent.is_empty() {
                    world.step(&Step::Acknowledge(0));
                }
            }
            prop_assert!(world.store.is_empty(), "left behind: {:?}", world.store);
            prop_assert_eq!(world.arrived.len() + world.put_aside.len(), world.next as usize);
            prop_assert!(world.first_sent.is_sorted());
            prop_assert!(world.window.under_way.is_empty() && world.window.tries.is_empty(), "nothing is remembered about what is done");
        }

        #[test]
        fn every_acknowledgement_finds_its_own_message(limit in 1usize..20, order in prop::collection::vec(0usize..20, 0..400)) {
            let mut flight = InFlight::new(limit);
            let (mut next_item, mut next_id, mut open) = (0u32, 0u16, Vec::new());
            for pick in order {
                if flight.has_room() {
                    flight.handed_over(next_item, NOW);
                    next_id = next_id % limit as u16 + 1;
                    prop_assert!(open.iter().all(|&(id, _)| id != next_id), "id {} is still open", next_id);
                    open.push((next_id, next_item));
                    prop_assert_eq!(flight.sent(next_id, NOW), None);
                    next_item += 1;
                }
                if pick < open.len() {
                    let (id, item) = open.remove(pick);
                    prop_assert_eq!(flight.acknowledged(id, NOW), Some(item));
                    prop_assert_eq!(flight.acknowledged(id, NOW), None);
                }
            }
        }
    }

    #[test]
    fn after_a_lost_connection_everything_unacknowledged_is_sent_again_in_order() {
        let store: BTreeSet<Row> = (1..=6).collect();
        let mut window = Window::default();
        window.connected(4);
        for row in read(&store, window.wanted(NOW).expect("room")) {
            window.handed_over(row);
        }
        assert!(window.delivered(2) && !window.delivered(2));
        window.disconnected(Blame::Nobody);
        assert_eq!(window.wanted(NOW), None, "offline");
        window.connected(4);
        let left: BTreeSet<Row> = store.into_iter().filter(|&row| row != 2).collect();
        assert_eq!(read(&left, window.wanted(NOW).expect("room")), [1, 3, 4, 5]);
    }

    #[test]
    fn a_message_that_makes_the_broker_hang_up_is_found_and_put_aside() {
        let mut store: BTreeSet<Row> = (1..=5).collect();
        let mut window = Window::default();
        let mut hang_ups = 0;
        while !store.is_empty() {
            window.connected(4);
            let rows = read(&store, window.wanted(NOW).expect("room"));
            rows.iter().for_each(|&row| window.handed_over(row));
            if rows.contains(&3) {
                hang_ups += 1;
                if let Some(row) = window.disconnected(Blame::Message) {
                    assert_eq!((row, store.remove(&row)), (3, true));
                }
            } else {
                rows.iter().for_each(|row| assert!(window.delivered(*row) && store.remove(row)));
            }
            assert!(hang_ups < 20, "it comes to an end");
        }
        assert!(hang_ups <= 5, "{hang_ups}");
    }

    #[test]
    fn a_broker_that_only_goes_away_never_costs_a_message() {
        let mut window = Window::default();
        for _ in 0..50 {
            window.connected(1);
            window.handed_over(1);
            assert_eq!(window.disconnected(Blame::Nobody), None);
        }
    }

    #[test]
    fn a_refused_message_is_tried_three_times_with_pauses() {
        let mut window = Window::default();
        window.connected(2);
        window.handed_over(1);
        assert_eq!(window.refused(1, NOW), Refused::Retry);
        assert_eq!(window.wanted(NOW), Some(Wanted::After(1, 2)), "others go on meanwhile");
        assert_eq!(window.next_due(), Some(Duration::from_secs(1)));
        for secs in [1, 10] {
            let now = Duration::from_secs(secs);
            assert_eq!(window.wanted(now), Some(Wanted::Again(1)));
            window.handed_over(1);
            let expected = if secs == 1 { Refused::Retry } else { Refused::PutAside };
            assert_eq!(window.refused(1, now), expected);
        }
        assert_eq!(window.refused(1, NOW), Refused::Unknown);
        assert!(window.under_way.is_empty() && window.again.is_empty());
    }

    #[test]
    fn standing_still_is_noticed_only_while_something_is_under_way() {
        let mut flight = InFlight::new(4);
        let (patience, later) = (Duration::from_secs(5), Duration::from_secs(60));
        assert_eq!(flight.overdue_at(patience), None);
        flight.handed_over('a', later);
        assert_eq!(flight.overdue_at(patience), Some(later + patience));
        flight.sent(1, later);
        assert_eq!(flight.acknowledged(1, later), Some('a'));
        assert_eq!(flight.overdue_at(patience), None);
    }
}
