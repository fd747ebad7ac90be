//! Where findings leave a pipeline: every event to the outbox first, then to the board.

use std::sync::Arc;

use crate::base::handoff::Sender;
use crate::base::time::Clock;
use crate::event::{Event, FlowReport, Wire};
use crate::outbox::Outbox;
use crate::rules::Findings;
use crate::status::{Board, CameraBoard, EventLine};

/// Shared by all cameras.
pub(super) struct Outlet {
    outbox: Arc<Outbox>,
    board: Arc<Board>,
    wire: Wire,
    clock: Arc<dyn Clock>,
    /// To the tables on the disk, where they are wanted.
    sheets: Option<Sender<FlowReport>>,
}

impl Outlet {
    pub(super) fn new(outbox: Arc<Outbox>, board: Arc<Board>, wire: Wire, clock: Arc<dyn Clock>) -> Self {
        Self { outbox, board, wire, clock, sheets: None }
    }

    /// Hands periodic measures to the tables on the disk too.
    pub(super) fn reporting(mut self, sheets: Option<Sender<FlowReport>>) -> Self {
        self.sheets = sheets;
        self
    }

    pub(super) fn camera(&self, index: usize) -> &CameraBoard {
        &self.board.cameras[index]
    }

    /// Events and reports of one frame, in order. What the outbox cannot take it counts and says itself.
    pub(super) fn deliver(&self, findings: &Findings) {
        for event in &findings.events {
            self.deliver_event(event);
        }
        for report in &findings.reports {
            if let Some(sheets) = &self.sheets
                && sheets.send(report.clone()).is_err()
            {
                tracing::error!("a periodic measure did not reach the report");
            }
            if let Err(error) = self.outbox.accept(report.clone()) {
                tracing::error!(%error, "a periodic measure was not accepted");
            }
        }
    }

    /// One message of an event's life.
    pub(super) fn deliver_event(&self, event: &Event) {
        if let Err(error) = self.outbox.accept(event.clone()) {
            tracing::error!(%error, event = %event.id, "an event was not accepted");
        }
        self.board.push_event(self.line(event));
    }

    fn line(&self, event: &Event) -> EventLine {
        let message = self.wire.cloud_event(event, 0, self.clock.wall());
        EventLine {
            clock: event.updated.local_clock(self.board.utc_offset_hours),
            time: event.updated.to_string(),
            id: message.id,
            event_id: message.subject,
            phase: event.phase.word().to_owned(),
            severity: event.severity.word().to_owned(),
            text_id: message.data.text.id,
            text_en: message.data.text.en,
        }
    }
}
