//! What happens to camera, microphone and outputs, logged each time it changes.

use std::sync::Arc;

use crate::capture::monitor::{Device, DeviceHealth};
use crate::event::DeviceState;
use crate::pipeline::{Controls, Moment, Sink, SinkError};

/// Tells changes of the devices' states, with what to do.
pub struct DeviceLog {
    controls: Arc<Controls>,
    told: [Option<DeviceState>; 2],
    trouble: Option<String>,
}

impl DeviceLog {
    /// Tells the first states, too.
    pub fn new(controls: Arc<Controls>) -> Self {
        Self { controls, told: [None; 2], trouble: None }
    }
}

impl Sink for DeviceLog {
    fn take(&mut self, moment: &Moment) -> Result<(), SinkError> {
        let t = moment.event.t;
        let trouble = self.controls.trouble.get();
        if trouble != self.trouble {
            match &trouble {
                Some(words) => log::warn!("{t:8.2} s  {words}"),
                None => log::info!("{t:8.2} s  saved again"),
            }
            self.trouble = trouble;
        }
        let Some(health) = moment.health else { return Ok(()) };
        let both = [(Device::Camera, &health.camera), (Device::Microphone, &health.microphone)];
        for (told, (device, DeviceHealth { state, detail, .. })) in self.told.iter_mut().zip(both) {
            if told.replace(*state) != Some(*state) {
                let words = state.words(device.name());
                match state {
                    DeviceState::Opening | DeviceState::Live => log::info!("{t:8.2} s  {words} ({detail})"),
                    _ => log::warn!("{t:8.2} s  {words} ({detail})"),
                }
            }
        }
        Ok(())
    }
}
