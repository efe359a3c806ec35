//! What Home Assistant reads to find the device by itself.
//! <https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery>

use serde_json::{Value, json};

use super::{OFFLINE, ONLINE, Topics};
use crate::publish::About;
use crate::publish::settings;

/// Topics and configurations: whether there is a match, the score, and the state.
pub(super) fn messages(settings: &settings::Mqtt, topics: &Topics, about: &About) -> Vec<(String, Value)> {
    let id = &settings.client_id;
    let entity = |component: &str, what: &str, own: Value| {
        let mut config = json!({
            "unique_id": format!("{id}_{what}"),
            "state_topic": topics.state,
            "availability_topic": topics.status,
            "payload_available": ONLINE,
            "payload_not_available": OFFLINE,
            "device": {
                "identifiers": [id],
                "name": "LookHear",
                "manufacturer": "LookHear",
                "model": about.model,
                "sw_version": about.version,
            },
        });
        if let (Some(config), Value::Object(own)) = (config.as_object_mut(), own) {
            config.extend(own);
        }
        (format!("{}/{component}/{id}/{what}/config", settings.discovery_prefix), config)
    };
    vec![
        entity(
            "binary_sensor",
            "match",
            json!({
                "name": "Match",
                "device_class": "sound",
                "value_template": "{{ 'ON' if value_json.state == 'match' else 'OFF' }}",
            }),
        ),
        entity(
            "sensor",
            "score",
            json!({
                "name": "Score",
                "state_class": "measurement",
                "suggested_display_precision": 2,
                "value_template": "{{ value_json.score }}",
            }),
        ),
        entity(
            "sensor",
            "state",
            json!({
                "name": "State",
                "device_class": "enum",
                "options": ["silent", "match", "no_visible_source"],
                "value_template": "{{ value_json.state }}",
            }),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::State;
    use crate::publish::metrics::word;
    use crate::publish::testing::about;

    #[test]
    fn each_entity_has_a_topic_of_its_own_and_belongs_to_one_device() {
        let settings = settings::Mqtt { client_id: "hall-2".into(), ..settings::Mqtt::default() };
        let messages = messages(&settings, &Topics::new("museum/hall-2"), &about());
        let topics: Vec<_> = messages.iter().map(|(topic, _)| topic.as_str()).collect();
        assert_eq!(
            topics,
            [
                "homeassistant/binary_sensor/hall-2/match/config",
                "homeassistant/sensor/hall-2/score/config",
                "homeassistant/sensor/hall-2/state/config",
            ]
        );
        for (_, config) in &messages {
            assert_eq!(config["state_topic"], "museum/hall-2/state");
            assert_eq!(config["availability_topic"], "museum/hall-2/status");
            assert_eq!(config["device"]["identifiers"][0], "hall-2");
            assert_eq!(config["device"]["sw_version"], "1.2.3");
        }
        let states = [State::Silent, State::Match, State::NoVisibleSource].map(|state| word(&state));
        assert_eq!(messages[2].1["options"], json!(states));
    }
}
