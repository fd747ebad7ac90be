//! What the traffic did not show, in words for operators: Indonesian first, English second.

/// Why nothing can be proposed.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NothingLearned {
    /// Not one vehicle.
    #[error(
        "tidak ada kendaraan terlihat selama {seconds:.0} detik; rekam saat lalu lintas ramai dan periksa model serta arah kamera \
         / no vehicle was seen in {seconds:.0} s; record when there is traffic, and check the model and where the camera looks"
    )]
    NoVehicles {
        /// Length of the recording.
        seconds: f64,
    },
    /// Vehicles, all standing: a parking lane, or a picture that repeats.
    #[error(
        "{vehicles} kendaraan terlihat selama {seconds:.0} detik tetapi tidak ada yang bergerak; periksa apakah gambar kamera macet (`simpang view`) atau rekam saat lalu lintas jalan \
         / {vehicles} vehicles were seen in {seconds:.0} s but none moved; check whether the camera repeats one picture (`simpang view`), or record when traffic moves"
    )]
    NothingMoves {
        /// How many.
        vehicles: usize,
        /// Length of the recording.
        seconds: f64,
    },
    /// A few only.
    #[error(
        "terlalu sedikit kendaraan bergerak ({vehicles} jejak selama {seconds:.0} detik) untuk mengenali lajur; rekam lebih lama, 15 menit lalu lintas ramai cukup \
         / too few vehicles moved ({vehicles} tracks in {seconds:.0} s) to know lanes by; record longer, 15 minutes of busy traffic are enough"
    )]
    TooFew {
        /// How many.
        vehicles: usize,
        /// Length of the recording.
        seconds: f64,
    },
    /// They go anywhere.
    #[error(
        "{vehicles} kendaraan bergerak tetapi tidak ada jalan yang dilalui cukup banyak searah; arahkan kamera ke jalan atau rekam lebih lama \
         / {vehicles} vehicles moved but no road had enough of them going the same way; turn the camera to the road, or record longer"
    )]
    NoRoad {
        /// How many.
        vehicles: usize,
    },
}

/// What is not known, or not sure, about a proposal.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Remark {
    /// The recording is short.
    Short {
        /// Its length.
        seconds: f64,
    },
    /// Ways do not cross: a road, not a junction.
    NoCrossing,
    /// Nobody was seen to come in here.
    NoEntry {
        /// Name of the arm.
        arm: String,
    },
    /// Nobody was seen to leave here.
    NoExit {
        /// Name of the arm.
        arm: String,
    },
    /// Too few waited for a stop line.
    NoStopLine {
        /// Name of the arm.
        arm: String,
    },
    /// Too few cars to tell lanes apart.
    NoRidges {
        /// Name of the piece of road.
        road: String,
    },
    /// It lies outside the picture, or is too small in it for a configuration.
    Outside {
        /// What.
        what: String,
    },
    /// Few vehicles make this uncertain.
    Few {
        /// Name of the piece of road.
        road: String,
        /// How many.
        vehicles: usize,
    },
    /// Movements of some are not known.
    Unknown {
        /// How many of a hundred.
        percent: f64,
    },
    /// Cells of the grid in which traffic goes otherwise than the lane says.
    Disagree {
        /// How many.
        cells: usize,
        /// Of so many.
        of: usize,
    },
    /// Boxes do not look like those of cars and motorcycles.
    Sizes {
        /// How far off, per cent.
        percent: f64,
    },
    /// So many tracks were not kept.
    LeftOut {
        /// How many.
        tracks: usize,
    },
    /// The camera has gates, or a rule that counts between them: only one set of gates makes sense.
    GatesThere,
    /// The gates do not make a junction.
    GatesRefused {
        /// What is wrong with them, in the words of `simpang check`.
        what: String,
    },
}

impl Remark {
    /// For operators.
    pub fn indonesian(&self) -> String {
        match self {
            Self::Short { seconds } => format!("rekaman hanya {seconds:.0} detik; 15 menit (900 detik) lebih baik"),
            Self::NoCrossing => {
                "tidak ada arus yang berpotongan: ini ruas jalan, bukan simpang; garis henti dan kotak simpang tidak diusulkan".to_owned()
            }
            Self::NoEntry { arm } => format!("lengan {arm}: tidak ada kendaraan masuk yang terlihat (satu arah, atau di luar gambar)"),
            Self::NoExit { arm } => format!("lengan {arm}: tidak ada kendaraan keluar yang terlihat (satu arah, atau di luar gambar)"),
            Self::NoStopLine { arm } => format!(
                "lengan {arm}: garis henti tidak diketahui, terlalu sedikit kendaraan menunggu; gambar sendiri atau rekam lebih lama"
            ),
            Self::NoRidges { road } => format!("{road}: terlalu sedikit mobil untuk memisahkan lajur; diusulkan sebagai satu lajur"),
            Self::Outside { what } => format!("{what}: di luar gambar atau terlalu kecil di dalamnya, tidak diusulkan"),
            Self::Few { road, vehicles } => format!("{road}: hanya {vehicles} kendaraan; periksa di gambar"),
            Self::Unknown { percent } => format!("gerakan {percent:.0} % kendaraan tidak diketahui"),
            Self::Disagree { cells, of } => {
                format!("di {cells} dari {of} sel lajur arah lalu lintas lain dari yang diusulkan; periksa panah di gambar")
            }
            Self::Sizes { percent } => format!("ukuran kendaraan menyimpang {percent:.0} % dari ukuran biasa; jarak tidak pasti"),
            Self::LeftOut { tracks } => {
                format!("{tracks} jejak tidak disimpan karena rekaman terlalu panjang; 15 menit sampai satu jam cukup")
            }
            Self::GatesThere => {
                "kamera ini sudah punya gerbang (`gates`): yang baru tidak dipasang sebagai gerbang, hanya dihitung sebagai garis"
                    .to_owned()
            }
            Self::GatesRefused { what } => {
                format!("gerakan membelok tidak dihitung, gerbang hanya dihitung sebagai garis; keterangan pemeriksa: {what}")
            }
        }
    }

    /// The same for everybody else.
    pub fn english(&self) -> String {
        match self {
            Self::Short { seconds } => format!("the recording lasts {seconds:.0} s only; 15 minutes (900 s) are better"),
            Self::NoCrossing => "no ways cross: this is a road and no junction; no stop lines and no box are proposed".to_owned(),
            Self::NoEntry { arm } => format!("arm {arm}: nobody was seen to come in (one-way, or outside the picture)"),
            Self::NoExit { arm } => format!("arm {arm}: nobody was seen to leave (one-way, or outside the picture)"),
            Self::NoStopLine { arm } => format!("arm {arm}: the stop line is not known, too few waited; draw it, or record longer"),
            Self::NoRidges { road } => format!("{road}: too few cars to tell lanes apart; proposed as one lane"),
            Self::Outside { what } => format!("{what}: outside the picture or too small in it, not proposed"),
            Self::Few { road, vehicles } => format!("{road}: {vehicles} vehicles only; look at it in the picture"),
            Self::Unknown { percent } => format!("the movement of {percent:.0} % of the vehicles is not known"),
            Self::Disagree { cells, of } => {
                format!("in {cells} of {of} lane cells traffic goes otherwise than proposed; look at the arrows in the picture")
            }
            Self::Sizes { percent } => format!("sizes of vehicles are {percent:.0} % off the usual; distances are not sure"),
            Self::LeftOut { tracks } => {
                format!("{tracks} tracks were not kept, the recording is too long; 15 minutes to an hour are enough")
            }
            Self::GatesThere => "this camera has `gates` already: the new ones are counted as lines only".to_owned(),
            Self::GatesRefused { what } => {
                format!("turning movements are not counted, the gates are counted as lines only; the check says: {what}")
            }
        }
    }
}
