//! Discovery messages, by which Home Assistant finds the device.
//! <https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery>

use serde_json::{Value, json};

use super::topics::{OFFLINE, ONLINE, Topics};
use crate::event::DeviceState;
use crate::publish::About;
use crate::publish::metrics::word;
use crate::publish::settings;

/// Topics and configurations: whether there is a match, the score, the state, the name of what sounds, how camera and
/// microphone are doing, and the picture of the latest match, if pictures are sent. Each source is a device.
pub(super) fn messages(
    settings: &settings::Mqtt,
    source: Option<&str>,
    topics: &Topics,
    about: &About,
) -> Vec<(String, Value)> {
    let id = &match source {
        Some(source) => format!("{}-{source}", settings.client_id),
        None => settings.client_id.clone(),
    };
    let entity = |component: &str, what: &str, own: Value| {
        let mut config = json!({
            "unique_id": format!("{id}_{what}"),
            "availability_topic": topics.status,
            "payload_available": ONLINE,
            "payload_not_available": OFFLINE,
            "device": {
                "identifiers": [id],
                "name": called(id),
                "manufacturer": "LookHear",
                "model": format!("{} ({})", about.preset, &about.model[..12.min(about.model.len())]),
                "sw_version": about.version,
            },
            // What wrote these messages; Home Assistant shows it in its log.
            "origin": { "name": "LookHear", "sw_version": about.version },
        });
        if let (Some(config), Value::Object(own)) = (config.as_object_mut(), own) {
            config.extend(own);
        }
        (format!("{}/{component}/{id}/{what}/config", settings.discovery_prefix), config)
    };
    let picture = || {
        let own = json!({ "name": "Picture", "image_topic": topics.picture, "content_type": "image/jpeg" });
        entity("image", "picture", own)
    };
    let entity = |component: &str, what: &str, own: Value| {
        let (topic, mut config) = entity(component, what, own);
        config["state_topic"] = json!(topics.state);
        (topic, config)
    };
    let device = |what: &str, name: &str, icon: &str| {
        let own = json!({
            "name": name,
            "icon": icon,
            "device_class": "enum",
            "entity_category": "diagnostic",
            "options": DeviceState::ALL.map(|state| word(&state)),
            "value_template": format!("{{{{ value_json.devices.{what} }}}}"),
        });
        entity("sensor", what, own)
    };
    let mut messages = vec![
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
                "icon": "mdi:gauge",
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
                "icon": "mdi:ear-hearing",
                "device_class": "enum",
                "options": ["silent", "match", "no_visible_source"],
                "value_template": "{{ value_json.state }}",
            }),
        ),
        entity(
            "sensor",
            "name",
            json!({
                "name": "Name",
                "icon": "mdi:tag",
                // Only of a match, and only of what was enrolled.
                "value_template": "{{ value_json.name | default('') }}",
            }),
        ),
        device("camera", "Camera", "mdi:camera"),
        device("microphone", "Microphone", "mdi:microphone"),
    ];
    messages.extend(settings.picture.then(picture));
    messages
}

/// What the device is called: several of them must be told apart.
fn called(id: &str) -> String {
    match id {
        "lookhear" => "LookHear".into(),
        id => format!("LookHear {id}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::State;
    use crate::publish::testing::{about, event};

    fn hall() -> Vec<(String, Value)> {
        let settings = settings::Mqtt { client_id: "hall-2".into(), ..settings::Mqtt::default() };
        messages(&settings, None, &Topics::new("museum/hall-2", None), &about())
    }

    #[test]
    fn each_entity_has_a_topic_of_its_own_and_belongs_to_one_device() {
        let messages = hall();
        let topics: Vec<_> = messages.iter().map(|(topic, _)| topic.as_str()).collect();
        assert_eq!(
            topics,
            [
                "homeassistant/binary_sensor/hall-2/match/config",
                "homeassistant/sensor/hall-2/score/config",
                "homeassistant/sensor/hall-2/state/config",
                "homeassistant/sensor/hall-2/name/config",
                "homeassistant/sensor/hall-2/camera/config",
                "homeassistant/sensor/hall-2/microphone/config",
            ]
        );
        for (_, config) in &messages {
            assert_eq!(config["state_topic"], "museum/hall-2/state");
            assert_eq!(config["availability_topic"], "museum/hall-2/status");
            assert_eq!(config["device"]["identifiers"][0], "hall-2");
            assert_eq!(config["device"]["name"], "LookHear hall-2");
            assert_eq!(config["device"]["model"], "edge (0123456789ab)");
            assert_eq!(config["device"]["sw_version"], "1.2.3");
            assert_eq!(config["origin"], json!({ "name": "LookHear", "sw_version": "1.2.3" }));
        }
        let states = [State::Silent, State::Match, State::NoVisibleSource].map(|state| word(&state));
        assert_eq!(messages[2].1["options"], json!(states));
        assert_eq!((called("lookhear").as_str(), called("hall-2").as_str()), ("LookHear", "LookHear hall-2"));
    }

    #[test]
    fn each_source_is_a_device_of_its_own() {
        let settings = settings::Mqtt::default();
        let messages = messages(&settings, Some("barn"), &Topics::new("lookhear", Some("barn")), &about());
        let (topic, config) = &messages[0];
        assert_eq!(topic, "homeassistant/binary_sensor/lookhear-barn/match/config");
        assert_eq!(config["state_topic"], "lookhear/barn/state");
        assert_eq!(config["availability_topic"], "lookhear/status");
        assert_eq!(config["device"]["name"], "LookHear lookhear-barn");
    }

    #[test]
    fn a_picture_has_an_entity_if_it_is_sent() {
        let settings = settings::Mqtt { picture: true, ..settings::Mqtt::default() };
        let messages = messages(&settings, None, &Topics::new("lookhear", None), &about());
        let (topic, config) = messages.last().unwrap();
        assert_eq!((messages.len(), topic.as_str()), (7, "homeassistant/image/lookhear/picture/config"));
        assert_eq!(config["image_topic"], "lookhear/picture");
        assert_eq!(config["availability_topic"], "lookhear/status");
        assert!(config["state_topic"].is_null());
    }

    #[test]
    fn templates_ask_for_what_an_event_has() {
        let event = crate::event::Event { name: Some("bell".into()), ..event(1.0, State::Match) };
        let json = serde_json::to_value(event).unwrap();
        for (topic, config) in hall() {
            let template = config["value_template"].as_str().unwrap();
            let path = template.split("value_json").nth(1).unwrap();
            let path = path.split(|c: char| !(c == '.' || c == '_' || c.is_alphanumeric())).next().unwrap();
            let value = json.pointer(&path.replace('.', "/"));
            assert!(value.is_some_and(|value| !value.is_null()), "{topic}: {path}");
            if let Some(options) = config["options"].as_array() {
                assert!(options.contains(value.unwrap()), "{topic}");
            }
        }
    }
}
