//! "Did you mean": the known word that a mistyped one most likely stands for.

/// The candidate with the fewest slips from `word`, when it is near enough to be meant; the first one of equals.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // One slip in three letters is a slip, two are another word.
    let most = (word.chars().count() / 3).clamp(1, 4);
    let word = word.to_lowercase();
    // Half a name is a slip too: `fps` for `analyse_fps`.
    let slips = |candidate: &str| if candidate.split('_').any(|part| part == word) { 1 } else { edit_distance(&word, candidate) };
    candidates.into_iter().map(|c| (slips(c), c)).filter(|(n, _)| *n <= most).min_by_key(|(n, _)| *n).map(|(_, c)| c)
}

/// ` (did you mean `x`?)`, or nothing.
pub(super) fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map_or_else(String::new, |candidate| format!(" (did you mean `{candidate}`?)"))
}

/// Fewest insertions, deletions, replacements and swaps of neighbours from `a` to `b` (optimal string alignment).
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before_last[j - 2] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_finds_the_word() {
        let words = ["polygon", "kind", "name", "line_count", "crowd"];
        let cases = [
            ("polgyon", Some("polygon")),
            ("linecount", Some("line_count")),
            ("nam", Some("name")),
            ("Crowd", Some("crowd")),
            ("fps", None),
        ];
        for (word, expected) in cases {
            assert_eq!(nearest(word, words), expected, "{word}");
        }
    }

    #[test]
    fn distance_is_symmetric_and_zero_for_the_same_word() {
        for (a, b) in [("", "abc"), ("ab", "ba"), ("utara", "timur")] {
            assert_eq!(edit_distance(a, b), edit_distance(b, a));
            assert_eq!(edit_distance(a, a), 0);
        }
        assert_eq!(edit_distance("ab", "ba"), 1);
    }
}
