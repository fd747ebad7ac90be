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

    fn of(name: &str, motorcycle: f64) -> Self {
        let smp = Class::ALL.map(|class| match class {
            Class::Person | Class::Bicycle => 0.0,
            Class::Car => 1.0,
            Class::Motorcycle => motorcycle,
            Class::Bus | Class::Truck => 1.3,
        });
        Self { name: name.to_owned(), smp }
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
