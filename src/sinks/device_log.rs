//! What happens to camera and microphone, one line each time it changes.

use std::io::Write;

use crate::capture::monitor::{Device, DeviceHealth, DeviceState};
use crate::pipeline::{Moment, Sink, SinkError};

/// Tells changes of the devices' states, with what to do.
pub struct DeviceLog<W: Write> {
    out: W,
    told: [Option<DeviceState>; 2],
}

impl<W: Write> DeviceLog<W> {
    /// Tells the first states, too.
    pub fn new(out: W) -> Self {
        Self { out, told: [None; 2] }
    }
}

impl<W: Write> Sink for DeviceLog<W> {
    fn take(&mut self, moment: &Moment) -> Result<(), SinkError> {
        let Some(health) = moment.health else { return Ok(()) };
        let both = [(Device::Camera, &health.camera), (Device::Microphone, &health.microphone)];
        for (told, (device, DeviceHealth { state, detail, .. })) in self.told.iter_mut().zip(both) {
            if told.replace(*state) != Some(*state) {
                let words = state.words(device.name());
                // Nobody may be reading; that is no reason to end.
                let _ = writeln!(self.out, "{:8.2} s  {words} ({detail})", moment.event.t);
            }
        }
        Ok(())
    }
}
