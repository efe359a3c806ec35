//! Settings of an unattended installation: one TOML file that names everything, checked before anything starts.

mod problem;

pub use problem::Problem;
