//! The subject of a topic: its words, in the order of their tokens.

/// A word of a topic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TopWord {
    /// Its number in the corpus.
    pub word: u32,
    /// Its tokens in the topic.
    pub tokens: f32,
}

/// The words that have most tokens in each topic, at most `most` of them, with at least one token. `table` is one site's copy
/// of all words' rows, `topics` floats each. Of words with equally many tokens the one with the smaller number comes first.
///
/// # Panics
/// Panics if `topics` is 0, or the table is no whole number of rows.
pub fn top_words(table: &[f32], topics: u32, most: usize) -> Vec<Vec<TopWord>> {
    let topics = topics as usize;
    assert!(table.len().is_multiple_of(topics), "{} floats are no rows of {topics}", table.len());
    let mut tops: Vec<Vec<TopWord>> = vec![Vec::with_capacity(most + 1); topics];
    for (word, row) in (0..).zip(table.chunks_exact(topics)) {
        for (top, &tokens) in tops.iter_mut().zip(row) {
            let least = if top.len() < most { 0.0 } else { top.last().map_or(f32::INFINITY, |last| last.tokens) };
            if tokens > least {
                let place = top.partition_point(|better| better.tokens >= tokens);
                top.insert(place, TopWord { word, tokens });
                top.truncate(most);
            }
        }
    }
    tops
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_by_tokens_then_by_number() {
        let table = [0.0, 3.0, 5.0, 3.0, 1.0, 9.0, 5.0, 0.0];
        let words = |most: usize| -> Vec<Vec<u32>> {
            top_words(&table, 2, most).iter().map(|top| top.iter().map(|word| word.word).collect()).collect()
        };
        assert_eq!(words(2), [[1, 3], [2, 0]]);
        assert_eq!(words(9), [[1, 3, 2], [2, 0, 1]]);
        assert_eq!(words(0), [[0; 0]; 2]);
    }
}
