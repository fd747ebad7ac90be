//! Names of arms: by the compass where the camera's bearing is configured, else by where they lie in the picture.

use std::collections::BTreeSet;

use super::step::Step;

const COMPASS: [&str; 8] = ["utara", "timur-laut", "timur", "tenggara", "selatan", "barat-daya", "barat", "barat-laut"];
const PICTURE: [&str; 8] = ["jauh", "kanan-jauh", "kanan", "kanan-dekat", "dekat", "kiri-dekat", "kiri", "kiri-jauh"];

/// The name of an arm that leads this way; `bearing_deg` is that of the camera's view.
pub(super) fn arm_name(outward: Step, bearing_deg: Option<f32>) -> &'static str {
    // On the plan "away" is the way the camera looks; a compass turns clockwise.
    let from_view = 90.0 - outward.angle().to_degrees();
    let sector = |degrees: f32| (degrees / 45.0).round().rem_euclid(8.0) as usize % 8;
    match bearing_deg {
        Some(bearing) => COMPASS[sector(bearing + from_view)],
        None => PICTURE[sector(from_view)],
    }
}

/// The same with a number behind it, so that none of the ids made from it by `ids` is taken. Takes them.
pub(super) fn free_name(name: &str, taken: &mut BTreeSet<String>, ids: impl Fn(&str) -> Vec<String>) -> String {
    let mut candidates = std::iter::once(name.to_owned()).chain((2..).map(|number| format!("{name}-{number}")));
    let free = candidates.find(|candidate| ids(candidate).iter().all(|id| !taken.contains(id))).unwrap_or_else(|| name.to_owned());
    taken.extend(ids(&free));
    free
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arms_are_named_by_the_compass_or_by_the_picture() {
        let away = Step { x: 0.0, y: 1.0 };
        let right = Step { x: 1.0, y: 0.05 };
        assert_eq!((arm_name(away, None), arm_name(right, None)), ("jauh", "kanan"));
        assert_eq!((arm_name(away, Some(180.0)), arm_name(right, Some(180.0))), ("selatan", "barat"));
        assert_eq!(arm_name(away, Some(359.0)), "utara");
    }

    #[test]
    fn a_name_whose_ids_are_taken_gets_a_number() {
        let mut taken = BTreeSet::from(["masuk-utara".to_owned()]);
        let ids = |name: &str| vec![format!("masuk-{name}"), format!("keluar-{name}")];
        assert_eq!(free_name("utara", &mut taken, ids), "utara-2");
        assert_eq!(free_name("timur", &mut taken, ids), "timur");
        assert_eq!(free_name("timur", &mut taken, ids), "timur-2");
    }
}
