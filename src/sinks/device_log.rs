//! What happens to camera, microphone and outputs, one line each time it changes.

use std::io::Write;
use std::sync::Arc;

use crate::capture::monitor::{Device, DeviceHealth};
use crate::event::DeviceState;
use crate::pipeline::{Controls, Moment, Sink, SinkError};

/// Tells changes of the devices' states, with what to do.
pub struct DeviceLog<W: Write> {
    out: W,
    controls: Arc<Controls>,
    told: [Option<DeviceState>; 2],
    trouble: Option<String>,
}

impl<W: Write> DeviceLog<W> {
    /// Tells the first states, too.
    pub fn new(out: W, controls: Arc<Controls>) -> Self {
        Self { out, controls, told: [None; 2], trouble: None }
    }
}

impl<W: Write> Sink for DeviceLog<W> {
    fn take(&mut self, moment: &Moment) -> Result<(), SinkError> {
        let trouble = self.controls.trouble.get();
        if trouble != self.trouble {
            let words = trouble.as_deref().unwrap_or("saved again");
            let _ = writeln!(self.out, "{:8.2} s  {words}", moment.event.t);
            self.trouble = trouble;
        }
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
