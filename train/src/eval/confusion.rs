//! What is taken for what: answers by class, beside what would have been right.

/// Classes that are shown at most: more do not fit on a page.
pub(super) const SHOWN: usize = 50;

/// How often what is of a row's kind was answered with a column's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// What was there.
    pub rows: Vec<String>,
    /// What was answered.
    pub columns: Vec<String>,
    /// `[rows][columns]`.
    pub counts: Vec<Vec<usize>>,
}

impl Matrix {
    /// Answers `(truth, answer)`, both by class; of more than fifty classes, those that are mistaken most often.
    pub(super) fn of_classes(classes: &[String], answers: &[(usize, usize)]) -> Self {
        let mut mistakes = vec![0; classes.len()];
        for (truth, answer) in answers.iter().filter(|(truth, answer)| truth != answer) {
            mistakes[*truth] += 1;
            mistakes[*answer] += 1;
        }
        let mut shown: Vec<usize> = (0..classes.len()).collect();
        shown.sort_by_key(|class| std::cmp::Reverse(mistakes[*class]));
        shown.truncate(SHOWN);
        shown.sort_unstable();
        let count =
            |truth: usize, answer: usize| answers.iter().filter(|pair| **pair == (truth, answer)).count();
        let row = |truth: &usize| shown.iter().map(|answer| count(*truth, *answer)).collect();
        let names: Vec<String> = shown.iter().map(|class| classes[*class].clone()).collect();
        Self { counts: shown.iter().map(row).collect(), rows: names.clone(), columns: names }
    }

    /// Of all of a row, the share of a column, 0..1.
    pub(super) fn share(&self, row: usize, column: usize) -> f64 {
        let all: usize = self.counts[row].iter().sum();
        self.counts[row][column] as f64 / all.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_what_would_have_been_right() {
        let classes = ["dog".to_string(), "bell".to_string(), "rain".to_string()];
        let matrix = Matrix::of_classes(&classes, &[(0, 0), (0, 0), (0, 1), (1, 1), (0, 0)]);
        assert_eq!(matrix.counts, [[3, 1, 0], [0, 1, 0], [0, 0, 0]]);
        assert_eq!([matrix.share(0, 0), matrix.share(1, 1), matrix.share(2, 2)], [0.75, 1.0, 0.0]);
    }

    #[test]
    fn of_many_classes_those_with_mistakes_are_shown() {
        let classes: Vec<String> = (0..200).map(|class| class.to_string()).collect();
        let answers: Vec<(usize, usize)> = (0..200).map(|i| (i, if i == 180 { 190 } else { i })).collect();
        let matrix = Matrix::of_classes(&classes, &answers);
        assert_eq!(matrix.rows.len(), SHOWN);
        let place = |name: &str| matrix.rows.iter().position(|row| row == name).unwrap();
        assert_eq!(matrix.counts[place("180")][place("190")], 1);
    }
}
