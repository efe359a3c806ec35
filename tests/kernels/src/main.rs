//! Compares all kernels that this processor can run, over many sizes. `.ci/run` builds it for aarch64 and runs it
//! under QEMU, in one thread, since not every QEMU can start a second one.

#[path = "../../../src/engine/int/kernel/mod.rs"]
#[allow(unsafe_code, reason = "vector instructions")]
pub mod kernel;

use kernel::{all, checks};

/// Cases of each operation.
const CASES: usize = 200;

fn main() {
    let names: Vec<&str> = all().iter().map(|kernel| kernel.name()).collect();
    println!("kernels: {}", names.join(", "));
    let (mut passed, mut failed) = (0, 0);
    let mut count = |result: Result<(), String>| match result {
        Ok(()) => passed += 1,
        Err(why) => {
            println!("{why}");
            failed += 1;
        }
    };
    for case in 0..CASES {
        let seed = case as u64;
        count(checks::products(1 + case % 61, 1 + case % 5, 1 + case % 4, case % 23, seed));
        count(checks::input_transform(1 + case % 7, case % 37, seed));
        count(checks::filter_transform(1 + case % 5, case % kernel::PATCH, case % 37, seed));
        count(checks::output_transform(case % 2 == 0, case % 19, seed));
        count(checks::requantization(case % 37, case % 19, seed));
    }
    println!("{passed} passed, {failed} failed");
    assert!(failed == 0, "kernels differ");
    // A processor with vector instructions must have been found, or nothing was compared.
    assert!(names.len() > 1, "only {} was there", names.join(", "));
}
