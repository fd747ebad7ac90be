//! The same event in the words of other standards: FIWARE Smart Data Models, DATEX II version 3, ETSI DENM, OpenTelemetry severities.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::types::{Category, Kind, Phase, Severity};

/// Whether a person has looked at an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Verification {
    /// Nobody has yet.
    Automatic,
    /// An operator saw that it is so.
    OperatorConfirmed,
    /// An operator saw that it is not so.
    OperatorRejected,
}

/// An event in the words of other standards; a standard without a fitting word is absent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Mapping {
    /// FIWARE Smart Data Models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fiware: Option<Fiware>,
    /// DATEX II version 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datex2: Option<Datex2>,
    /// ETSI EN 302 637-3 (DENM) cause codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etsi_denm: Option<EtsiDenm>,
}

/// FIWARE's words for an event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Fiware {
    /// Data model, `Alert`.
    #[serde(rename = "type")]
    pub model: String,
    /// `category` of the Alert model.
    pub category: String,
    /// `subCategory` of the Alert model.
    pub sub_category: String,
}

/// DATEX II's words for an event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Datex2 {
    /// Situation record.
    pub record: String,
    /// `AbnormalTrafficTypeEnum`, for congestion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abnormal_traffic_type: Option<String>,
}

/// ETSI's numbers for an event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct EtsiDenm {
    /// `CauseCode`.
    pub cause_code: u8,
    /// `SubCauseCode`; 0 is unspecified.
    pub sub_cause_code: u8,
}

impl Mapping {
    /// The words for `kind`.
    pub fn of(kind: Kind) -> Self {
        match kind {
            Kind::Heavy => Self::congestion("heavyTraffic", 0),
            Kind::Slow => Self::congestion("slowTraffic", 0),
            Kind::Queuing => Self::congestion("queuingTraffic", 0),
            // ETSI trafficCondition 5: traffic is stationary.
            Kind::Stationary => Self::congestion("stationaryTraffic", 5),
            // DATEX II has no word for what blocks it; it is a queue all the same.
            Kind::Spillback => Self::congestion("queuingTraffic", 0),
            Kind::Count | Kind::Density => Self {
                fiware: Some(Fiware::alert("security", "crowdRisk")),
                datex2: Some(Datex2 { record: "Disturbance".to_owned(), abnormal_traffic_type: None }),
                etsi_denm: None,
            },
            Kind::StoppedVehicle => Self {
                fiware: Some(Fiware::alert("traffic", "carStopped")),
                datex2: Some(Datex2 { record: "VehicleObstruction".to_owned(), abnormal_traffic_type: None }),
                etsi_denm: Some(EtsiDenm { cause_code: 94, sub_cause_code: 0 }),
            },
            Kind::WrongWay => Self::on_the_road("carWrongDirection", "VehicleObstruction", 14),
            Kind::PedestrianOnRoad => Self::on_the_road("pedestrianOnRoad", "GeneralObstruction", 12),
            // ETSI accident 2, without saying more: what was hit is not sure.
            Kind::Collision | Kind::SingleVehicle => Self::on_the_road("carAccident", "Accident", 2),
            Kind::RiderDown => Self::on_the_road("injuredBiker", "Accident", 2),
            // ETSI 10: obstacle on the road, without saying more.
            Kind::Debris => Self::on_the_road("hazardOnRoad", "GeneralObstruction", 10),
        }
    }

    fn on_the_road(sub_category: &str, record: &str, cause_code: u8) -> Self {
        Self {
            fiware: Some(Fiware::alert("traffic", sub_category)),
            datex2: Some(Datex2 { record: record.to_owned(), abnormal_traffic_type: None }),
            etsi_denm: Some(EtsiDenm { cause_code, sub_cause_code: 0 }),
        }
    }

    fn congestion(abnormal_traffic_type: &str, sub_cause_code: u8) -> Self {
        Self {
            fiware: Some(Fiware::alert("traffic", "trafficJam")),
            datex2: Some(Datex2 { record: "AbnormalTraffic".to_owned(), abnormal_traffic_type: Some(abnormal_traffic_type.to_owned()) }),
            etsi_denm: Some(EtsiDenm { cause_code: 1, sub_cause_code }),
        }
    }
}

impl Fiware {
    fn alert(category: &str, sub_category: &str) -> Self {
        Self { model: "Alert".to_owned(), category: category.to_owned(), sub_category: sub_category.to_owned() }
    }
}

impl Category {
    /// The word in topics and types.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Congestion => "congestion",
            Self::Crowd => "crowd",
            Self::Accident => "accident",
            Self::Incident => "incident",
        }
    }
}

impl Phase {
    /// The word in types.
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Update => "update",
            Self::End => "end",
        }
    }
}

impl Severity {
    /// The word in messages (FIWARE's).
    pub const fn word(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// OpenTelemetry's severity number, and its name in CloudEvents' severity extension.
    pub const fn number_and_name(self) -> (u8, &'static str) {
        match self {
            Self::Informational => (9, "INFO"),
            Self::Low => (10, "INFO"),
            Self::Medium => (13, "WARN"),
            Self::High => (17, "ERROR"),
            Self::Critical => (21, "FATAL"),
        }
    }
}
