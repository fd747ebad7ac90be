//! What moves on a road: the vocabulary every stage shares.

/// What something on the road is. The numbers are COCO's 1-based category ids (Lin et al. 2014), as MOT files of this project use them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Class {
    /// Anyone on foot.
    Person,
    /// Pedal cycle.
    Bicycle,
    /// Car, van, pickup, minibus (angkot).
    Car,
    /// Motorcycle, with or without its rider's box.
    Motorcycle,
    /// Bus.
    Bus,
    /// Lorry.
    Truck,
}

impl Class {
    /// Every class, in the order of the numbers.
    pub const ALL: [Self; 6] = [Self::Person, Self::Bicycle, Self::Car, Self::Motorcycle, Self::Bus, Self::Truck];

    /// COCO category id, 1-based.
    pub const fn coco_id(self) -> u16 {
        match self {
            Self::Person => 1,
            Self::Bicycle => 2,
            Self::Car => 3,
            Self::Motorcycle => 4,
            Self::Bus => 6,
            Self::Truck => 8,
        }
    }

    /// Position in [`Class::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Everything but a person.
    pub const fn is_vehicle(self) -> bool {
        !matches!(self, Self::Person)
    }

    /// Motorcycle or bicycle: what falls over, and what goes between the others.
    pub const fn is_two_wheeler(self) -> bool {
        matches!(self, Self::Motorcycle | Self::Bicycle)
    }

    /// The name in messages and configuration (FIWARE `vehicleType` words where there is one).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Bicycle => "bicycle",
            Self::Car => "car",
            Self::Motorcycle => "motorcycle",
            Self::Bus => "bus",
            Self::Truck => "truck",
        }
    }

    /// The class with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

impl std::fmt::Display for Class {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
