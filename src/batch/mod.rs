//! Many pictures with many sounds. Each file is read and encoded once, however often it is judged; memory stays
//! bounded, however many there are.

mod list;
mod matrix;
mod muted;
mod name;
mod once;
mod spool;

pub use list::{Line, LineError, distinct, names, pairs};
pub use matrix::{Matrix, Table};
pub use name::Name;
pub use once::{Damaged, Failed, Once};
