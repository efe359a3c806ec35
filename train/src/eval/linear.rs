//! Linear classifiers over embeddings: LIBLINEAR's, on features that were brought to one scale.

use liblinear::util::{PredictionInput, TrainingInput};
use liblinear::{Builder, LibLinearModel, SolverType};

use crate::{Error, EvalError};

/// Brings every feature to mean 0 and deviation 1, by the rows that it was fitted on.
pub(super) struct Scaler {
    mean: Vec<f32>,
    factor: Vec<f32>,
}

impl Scaler {
    /// Means and deviations of `[rows][dims]`. Features that never change become 0.
    pub(super) fn fit(rows: &[&[f32]]) -> Self {
        let dims = rows.first().map_or(0, |row| row.len());
        let count = rows.len().max(1) as f64;
        let mean_of = |value: &dyn Fn(usize, f32) -> f64| -> Vec<f64> {
            let mut sums = vec![0.0; dims];
            for row in rows {
                sums.iter_mut().zip(*row).enumerate().for_each(|(d, (sum, v))| *sum += value(d, *v));
            }
            sums.into_iter().map(|sum| sum / count).collect()
        };
        let mean = mean_of(&|_, v| f64::from(v));
        let variance = mean_of(&|d, v| (f64::from(v) - mean[d]).powi(2));
        let factor =
            variance.iter().map(|v| if *v > 1e-12 { v.sqrt().recip() as f32 } else { 0.0 }).collect();
        Self { mean: mean.into_iter().map(|v| v as f32).collect(), factor }
    }

    /// A row `[dims]` in the new scale.
    pub(super) fn scaled(&self, row: &[f32]) -> impl Iterator<Item = f32> {
        row.iter().zip(&self.mean).zip(&self.factor).map(|((v, mean), factor)| (v - mean) * factor)
    }

    fn apply(&self, row: &[f32]) -> Row {
        (1..).zip(self.scaled(row)).map(|(number, value)| (number, f64::from(value))).collect()
    }
}

/// A row as LIBLINEAR takes it: features with their numbers, from 1.
type Row = Vec<(u32, f64)>;

/// What is minimized.
#[derive(Clone, Copy, Debug)]
pub(super) enum Objective {
    /// Squared hinge loss: a linear SVM.
    Svm,
    /// Logistic loss.
    Logistic,
}

/// One classifier against the rest for each class.
pub(super) struct Linear {
    scaler: Scaler,
    model: Box<dyn Fn(Row) -> Option<Vec<f64>>>,
    /// `order[i]`: the class of the model's i-th value.
    order: Vec<usize>,
    classes: usize,
}

impl Linear {
    /// Fits scaler and classifiers on rows `[rows][dims]` of these classes, `cost` being LIBLINEAR's C.
    ///
    /// # Errors
    /// There are fewer than two classes among the rows.
    pub(super) fn fit(
        rows: &[&[f32]],
        labels: &[usize],
        cost: f64,
        objective: Objective,
    ) -> Result<Self, Error> {
        let failed = |e: &dyn std::fmt::Display| EvalError::library("LIBLINEAR", e);
        let classes = labels.iter().max().map_or(0, |most| most + 1);
        if labels.iter().all(|label| Some(label) == labels.first()) {
            let (purpose, found) = ("a linear classifier".into(), usize::from(!labels.is_empty()));
            return Err(EvalError::TooFew { purpose, what: "classes", needed: 2, found }.into());
        }
        let scaler = Scaler::fit(rows);
        let targets = labels.iter().map(|label| *label as f64).collect();
        let features = rows.iter().map(|row| scaler.apply(row)).collect();
        let input = TrainingInput::from_sparse_features(targets, features).map_err(|e| failed(&e))?;
        liblinear::toggle_liblinear_stdout_output(false);
        let mut builder = Builder::new();
        builder.problem().input_data(input).bias(1.0);
        // The primal solvers: they draw nothing at random.
        let solver = match objective {
            Objective::Svm => SolverType::L2R_L2LOSS_SVC,
            Objective::Logistic => SolverType::L2R_LR,
        };
        builder.parameters().solver_type(solver).constraints_violation_cost(cost).stopping_criterion(0.01);
        let model = builder.build_model().map_err(|e| failed(&e))?;
        let order = model.labels().iter().map(|label| *label as usize).collect();
        let model = move |row: Row| {
            let input = PredictionInput::from_sparse_features(row).ok()?;
            model.predict_values(input).ok().map(|(values, _)| values)
        };
        Ok(Self { scaler, model: Box::new(model), order, classes })
    }

    /// How much a row `[dims]` is of each class, `[classes]`. Classes that were not there when fitting get the
    /// lowest value.
    pub(super) fn scores(&self, row: &[f32]) -> Vec<f64> {
        let mut scores = vec![f64::MIN; self.classes];
        let values = (self.model)(self.scaler.apply(row)).unwrap_or_default();
        match values[..] {
            // Of two classes, LIBLINEAR separates the first from the second.
            [value] => {
                scores[self.order[0]] = value;
                scores[self.order[1]] = -value;
            }
            _ => self.order.iter().zip(values).for_each(|(class, value)| scores[*class] = value),
        }
        scores
    }
}

/// The position of the largest value.
pub(super) fn largest(values: &[f64]) -> usize {
    (0..values.len()).max_by(|a, b| values[*a].total_cmp(&values[*b])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_that_of_the_rows_it_was_fitted_on() {
        let scaler = Scaler::fit(&[&[1.0, 5.0], &[3.0, 5.0]]);
        assert_eq!(scaler.apply(&[5.0, 9.0]), [(1, 3.0), (2, 0.0)]);
    }

    #[test]
    fn what_a_line_separates_is_separated() {
        let rows: Vec<[f32; 2]> = (0..60).map(|i| [(i % 3) as f32 * 10.0, (i % 7) as f32]).collect();
        let labels: Vec<usize> = (0..60).map(|i| i % 3).collect();
        let borrowed: Vec<&[f32]> = rows.iter().map(|row| &row[..]).collect();
        for objective in [Objective::Svm, Objective::Logistic] {
            let linear = Linear::fit(&borrowed, &labels, 10.0, objective).unwrap();
            let found = |row: [f32; 2]| largest(&linear.scores(&row));
            assert_eq!([found([0.0, 3.0]), found([20.0, 3.0])], [0, 2], "{objective:?}");
        }
        let two = Linear::fit(&borrowed[..2], &labels[..2], 10.0, Objective::Svm).unwrap();
        assert_eq!([largest(&two.scores(&[0.0, 0.0])), largest(&two.scores(&[10.0, 1.0]))], [0, 1]);
        assert!(Linear::fit(&borrowed[..1], &labels[..1], 1.0, Objective::Svm).is_err());
    }
}
