//! What happens to camera, microphone and outputs, logged each time it changes.

use std::sync::Arc;

use crate::capture::monitor::{Device, DeviceHealth};
use crate::event::DeviceState;
use crate::pipeline::{Controls, DecisionContext, Sink, SinkError};

/// Tells changes of the devices' states, with what to do.
pub struct DeviceLog {
    controls: Arc<Controls>,
    /// What lines begin with, after the time: the name of the source, if there are several.
    source: String,
    told: [Option<DeviceState>; 2],
    faults: Option<String>,
}

impl DeviceLog {
    /// A log that also reports the first states.
    pub fn new(controls: Arc<Controls>) -> Self {
        Self { controls, source: String::new(), told: [None; 2], faults: None }
    }

    /// For one of several sources.
    #[must_use]
    pub fn of(self, source: &str) -> Self {
        Self { source: format!("{source}: "), ..self }
    }
}

impl Sink for DeviceLog {
    fn take(&mut self, context: &DecisionContext) -> Result<(), SinkError> {
        let (t, source) = (context.event.t, &self.source);
        let faults = self.controls.faults.get();
        if faults != self.faults {
            match &faults {
                Some(words) => log::warn!("{t:8.2} s  {source}{words}"),
                None => log::info!("{t:8.2} s  {source}all outputs work again"),
            }
            self.faults = faults;
        }
        let Some(health) = context.health else { return Ok(()) };
        let both = [(Device::Camera, &health.camera), (Device::Microphone, &health.microphone)];
        for (told, (device, DeviceHealth { state, detail, .. })) in self.told.iter_mut().zip(both) {
            if told.replace(*state) != Some(*state) {
                let words = state.words(device.name());
                match state {
                    DeviceState::Opening | DeviceState::Live => {
                        log::info!("{t:8.2} s  {source}{words} ({detail})")
                    }
                    _ => log::warn!("{t:8.2} s  {source}{words} ({detail})"),
                }
            }
        }
        Ok(())
    }
}
