//! What can speak for an accident: the vocabulary that configuration, rules and messages share.

/// Something that speaks for an event. Several together make a decision, and each can be tuned by itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Cue {
    /// Braked harder than people do in traffic, or was thrown back: deceleration.
    SuddenStop,
    /// Touched another road user: speed at which the two came together.
    Contact,
    /// Changed its direction within a moment: angle.
    HeadingJump,
    /// A motorcycle's picture tipped over: height over width, below the threshold.
    RiderDown,
    /// A person appeared beside a motorcycle that had just stopped hard: distance, below the threshold.
    PersonBeside,
    /// Stays where it came to rest while others pass: time.
    PostImpactStop,
    /// People gather around the place who were not there before: number.
    Gathering,
    /// Hardly anybody gets past it in its lane for a whole signal cycle while others wait behind it: share of the usual discharge, below the threshold.
    FlowBlocked,
}

impl Cue {
    /// Every cue, in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::SuddenStop,
        Self::Contact,
        Self::HeadingJump,
        Self::RiderDown,
        Self::PersonBeside,
        Self::PostImpactStop,
        Self::Gathering,
        Self::FlowBlocked,
    ];

    /// The name in messages and configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SuddenStop => "suddenStop",
            Self::Contact => "contact",
            Self::HeadingJump => "headingJump",
            Self::RiderDown => "riderDown",
            Self::PersonBeside => "personBeside",
            Self::PostImpactStop => "postImpactStop",
            Self::Gathering => "gathering",
            Self::FlowBlocked => "flowBlocked",
        }
    }

    /// The cue with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cue| cue.name() == name)
    }

    /// The unit of its value and threshold: L is a local car length, about 4.5 m; `1` is a ratio.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::SuddenStop => "L/s2",
            Self::Contact => "L/s",
            Self::HeadingJump => "deg",
            Self::RiderDown | Self::FlowBlocked => "1",
            Self::PersonBeside => "L",
            Self::PostImpactStop => "s",
            Self::Gathering => "people",
        }
    }
}
