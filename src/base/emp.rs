//! How many passenger cars a vehicle counts for (*ekivalensi mobil penumpang*, emp; also ekr): flow in smp compares roads with different traffic.

use super::class::Class;

/// Passenger-car units (smp) of each class, and the name of the table they are from: another table gives other figures.
#[derive(Clone, PartialEq, Debug)]
pub struct EmpTable {
    /// As messages name it.
    pub name: String,
    /// In the order of [`Class::ALL`]; a person counts for nothing.
    pub smp: [f64; Class::ALL.len()],
}

impl EmpTable {
    /// MKJI 1997, signalised intersections, protected approach: light vehicles 1.0, heavy ones 1.3, motorcycles 0.2. Bicycles are friction there.
    /// Not compared with a printed manual yet.
    pub fn mkji_1997() -> Self {
        Self::of("MKJI-1997-signalised-protected", 0.2)
    }

    /// PKJI 2023, signalised intersections (APILL), protected approach (*terlindung*): MP 1.00, KS 1.30, SM 0.15. Not compared with a printed manual
    /// yet.
    pub fn pkji_2023() -> Self {
        Self::of("PKJI-2023-APILL-terlindung", 0.15)
    }

    /// MKJI 1997, signalised intersections, opposed approach (*terlawan*): motorcycles 0.4. Not compared with a printed manual yet.
    pub fn mkji_1997_opposed() -> Self {
        Self::of("MKJI-1997-signalised-opposed", 0.4)
    }

    /// MKJI 1997, unsignalised intersections: motorcycles 0.5, as quoted in literature; not compared with a printed manual yet.
    pub fn mkji_1997_unsignalised() -> Self {
        Self::of("MKJI-1997-unsignalised", 0.5)
    }

    /// PKJI 2023, signalised intersections (APILL), opposed approach (*terlawan*): SM 0.40. Not compared with a printed manual yet.
    pub fn pkji_2023_opposed() -> Self {
        Self::of("PKJI-2023-APILL-terlawan", 0.4)
    }

    /// The table of a manual by its word in the configuration.
    pub fn printed(word: &str) -> Option<Self> {
        match word {
            "mkji-1997" => Some(Self::mkji_1997()),
            "mkji-1997-opposed" => Some(Self::mkji_1997_opposed()),
            "mkji-1997-unsignalised" => Some(Self::mkji_1997_unsignalised()),
            "pkji-2023" => Some(Self::pkji_2023()),
            "pkji-2023-opposed" => Some(Self::pkji_2023_opposed()),
            _ => None,
        }
    }

    fn of(name: &str, motorcycle: f64) -> Self {
        let smp = Class::ALL.map(|class| match class {
            Class::Person | Class::Bicycle => 0.0,
            Class::Car => 1.0,
            Class::Motorcycle => motorcycle,
            Class::Bus | Class::Truck => 1.3,
        });
        Self { name: name.to_owned(), smp }
    }

    /// Passenger-car units of so many vehicles of each class, in the order of [`Class::ALL`].
    pub fn of_counts(&self, counts: &[u32; Class::ALL.len()]) -> f64 {
        self.smp.iter().zip(counts).map(|(smp, number)| smp * f64::from(*number)).sum()
    }

    /// Passenger-car units of one vehicle of `class`.
    pub fn of_class(&self, class: Class) -> f64 {
        self.smp[class.index()]
    }
}

impl Default for EmpTable {
    fn default() -> Self {
        Self::mkji_1997()
    }
}
