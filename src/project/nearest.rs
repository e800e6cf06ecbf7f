//! The names that are nearest to one that is not there.

use crate::lang::{Both, both};

/// Up to five names, nearest first: "nearest are …".
pub(crate) fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Both {
    let mut all: Vec<(usize, &str)> = names.map(|n| (distance(wanted, n), n)).collect();
    all.sort_unstable();
    all.dedup();
    let near: Vec<String> = all.iter().take(5).map(|(_, n)| format!("`{n}`")).collect();
    if near.is_empty() {
        return both!("there are none", "一个也没有");
    }
    both!("nearest are {}", "相近的有 {}", near.join(", "))
}

/// How many letters differ: Levenshtein's distance, without regard to case.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=a.len()).collect();
    for (i, letter) in b.to_lowercase().chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, other) in a.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[a.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_names_come_first() {
        assert_eq!(distance("kitten", "Sitting"), 3);
        assert_eq!(distance("", "ab"), 2);
        let names = ["ra.A", "ma.B", "ma.A", "subsidy.tier1"];
        assert!(nearest("ma.a", names.into_iter()).en.starts_with("nearest are `ma.A`, `ma.B`"));
        assert_eq!(nearest("x", [].into_iter()).en, "there are none");
    }
}
