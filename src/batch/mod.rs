//! Many pictures with many sounds: each picture and each sound is read and seen or heard once, however often it is
//! judged, and however many there are, they take no memory worth naming.

mod list;
mod matrix;
mod name;
mod once;
mod spool;

pub use list::{Line, LineError, distinct, names, pairs};
pub use matrix::{Matrix, Table};
pub use name::Name;
pub use once::{Damaged, Failed, Once};
