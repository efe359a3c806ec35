//! LookHear.
pub mod engine;
pub mod event;
pub mod media;
pub mod model;
pub mod preprocess;
pub mod studio;
