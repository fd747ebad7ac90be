//! Who speaks: the part of every message that does not change while the program runs.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::base::emp::EmpTable;
use crate::base::id::Slug;
use crate::base::time::WallTime;

/// Who and where this box is. Built once from the configuration.
#[derive(Clone, PartialEq, Debug)]
pub struct Identity {
    /// City in message sources, `palembang`.
    pub city: Slug,
    /// Who runs it, `atcs`.
    pub operator: Slug,
    /// Intersection, `simpang-charitas`.
    pub site: Slug,
    /// Intersection as locals say it, `Simpang Charitas`.
    pub site_name: String,
    /// This box, `edge-01`.
    pub device: Slug,
    /// Longitude and latitude in degrees (GeoJSON order).
    pub position: Option<(f64, f64)>,
    /// First levels of every topic, `its/v1/palembang`.
    pub root: String,
    /// Version of the program, `0.1.0`.
    pub software: String,
    /// This start of the program.
    pub boot: BootId,
    /// What people call each camera and which way it looks.
    pub cameras: BTreeMap<Slug, CameraIdentity>,
    /// Passenger-car units (smp) of flow messages.
    pub emp: EmpTable,
}

/// What messages say about a camera besides its id.
#[derive(Clone, PartialEq, Debug)]
pub struct CameraIdentity {
    /// Its name as locals say it, `Arah Jalan Sudirman`.
    pub name: String,
    /// Compass bearing of the view in degrees.
    pub bearing_deg: Option<f32>,
}

impl Identity {
    /// CloudEvents source of one camera, `/palembang/atcs/simpang-charitas/edge-01/cam-utara`.
    pub fn source(&self, camera: &Slug) -> String {
        format!("/{}/{}/{}/{}/{camera}", self.city, self.operator, self.site, self.device)
    }
}

/// One start of the program. It stands in the birth and in the last will, so that a late will of an earlier start is recognised
/// (the idea of Sparkplug B's `bdSeq`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BootId(Uuid);

impl BootId {
    /// Version 5 UUID over who started and when: the same in a replay, different at each start.
    pub fn derive(source: &str, started: WallTime) -> Self {
        Self(Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{source}/boot/{}", started.as_micros()).as_bytes()))
    }
}

impl std::fmt::Display for BootId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}
