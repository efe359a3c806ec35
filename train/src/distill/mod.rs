//! Distillation: one tower learns what a larger network, its teacher, makes of the same pictures or sounds ("Distilling
//! the Knowledge in a Neural Network", Hinton et al. 2015). Nobody has to label anything.
//!
//! A Parquet file of the teacher's vectors ([`Teacher`]) and a folder become batches ([`Lessons`]), from which a tower
//! learns ([`Distillation`]). What comes out is a bundle that [`crate::learner`] begins with.

mod columns;
mod learner;
mod lessons;
mod recipe;
mod student;
mod teacher;

pub use learner::{Distillation, RESULT};
pub use lessons::{Batch, Lessons};
pub use recipe::{Given, Recipe, Sense};
pub use teacher::{Grid, Teacher};
