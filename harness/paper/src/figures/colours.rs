//! The pens of systems and series: they belong to names, so that a cell more or less changes no other's colour.

use super::canvas::CELL_COLOURS;

/// Systems with a pen of their own in every picture.
const SYSTEMS: [&str; 3] = ["Baseline", "Gaia", "LAN"];

/// The numbers of the pens of `names`, each of which is there once. Systems have their own; other names have one by their letters, and the next
/// that is free where two would have the same.
pub(super) fn by_name(names: &[&str]) -> Vec<usize> {
    let mut taken: Vec<usize> = names.iter().filter_map(|name| of_system(name)).collect();
    let pen = |name: &&str| {
        if let Some(own) = of_system(name) {
            return own;
        }
        // The colours of systems are nobody else's; a second round differs in its dashes.
        let (first, own) = (by_letters(name), CELL_COLOURS.len() - SYSTEMS.len());
        let round =
            |round: usize| (0..own).map(move |i| SYSTEMS.len() + (first + i) % own + round * CELL_COLOURS.len());
        let free = (0..).flat_map(round).find(|pen| !taken.contains(pen)).expect("there is always another round");
        taken.push(free);
        free
    };
    names.iter().map(pen).collect()
}

fn of_system(name: &str) -> Option<usize> {
    SYSTEMS.iter().position(|system| *system == name)
}

/// One of the colours that no system has, by the letters of a name (FNV-1a).
fn by_letters(name: &str) -> usize {
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let own = CELL_COLOURS.len() - SYSTEMS.len();
    (hash % own as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_have_their_colours_wherever_they_stand() {
        assert_eq!(by_name(&["Gaia", "LAN", "Baseline"]), [1, 2, 0]);
        let [alone, with] = [by_name(&["va-ca"])[0], by_name(&["Gaia", "va-ca"])[1]];
        assert_eq!(alone, with);
        assert!(alone >= SYSTEMS.len());
    }

    #[test]
    fn no_two_names_have_one_pen() {
        let names: Vec<String> = (0..30).map(|i| format!("series {i}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut pens = by_name(&names);
        pens.sort_unstable();
        pens.dedup();
        assert_eq!(pens.len(), names.len());
    }
}
