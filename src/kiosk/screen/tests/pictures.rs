//! Pictures of every page for people to look at: `LOOKHEAR_PICTURES=folder cargo test pictures -- --ignored`.

use std::path::Path;
use std::time::{Duration, Instant};

use image::{Rgb, RgbImage};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::engine::Setup;
use crate::event::{Map, State};
use crate::judge::Judge;
use crate::kiosk::screen::{Language, Page, Scene, Screen, Theme};
use crate::model::Bundle;
use crate::preprocess::spectrogram::{BINS, HOP, second};
use crate::preprocess::{SAMPLE_RATE, Spectrogram};
use crate::studio::{Act, Play, STAMPS, cast};

/// What was seen and heard, and what the built-in model made of it.
struct Take {
    frame: RgbImage,
    map: Map,
    columns: Vec<Vec<f32>>,
    bounds: [f32; 4],
    score: f32,
    name: String,
}

/// Judges an act two seconds after its first object began to sound.
fn take(act: &Act, judge: &mut Judge) -> Take {
    let sound = &act.sound[..2 * SAMPLE_RATE];
    // Quiet before.
    let mut columns = vec![vec![0.0; BINS]; 4 * SAMPLE_RATE / HOP];
    Spectrogram::new().push(sound, |column| columns.push(column.to_vec()));
    let seen = judge.encode_image(&act.picture);
    let heard = judge.encode_audio(&second(&sound[SAMPLE_RATE..]));
    let judgement = judge.judge(&seen, &heard);
    let map = judge.shown_map(&judgement.map, act.picture.dimensions());
    Take {
        frame: act.picture.clone(),
        map,
        columns,
        bounds: act.boxes[0],
        score: judge.score(&judgement),
        name: act.names[0].clone(),
    }
}

#[test]
#[ignore = "writes pictures for people to look at"]
fn pictures_of_every_page() {
    let folder = std::env::var_os("LOOKHEAR_PICTURES").expect("LOOKHEAR_PICTURES names a folder");
    let folder = Path::new(&folder);
    let bundle = Bundle::load(Path::new("models/lookhear-edge.safetensors")).expect("the built-in model");
    let mut judge = Judge::new(&bundle, Setup::default()).expect("the engine");
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let cast = cast(Path::new(STAMPS), &mut rng);
    for (size, camera, theme, code) in [
        ((1920, 1080), (640, 480), "dark", "en"),
        ((1920, 1080), (1280, 720), "dark", "de"),
        ((1920, 1080), (640, 480), "light", "zh"),
        ((1080, 1920), (640, 480), "dark", "de"),
        ((1080, 1920), (1280, 720), "light", "en"),
        ((640, 360), (640, 480), "dark", "de"),
        ((1024, 768), (640, 480), "light", "de"),
    ] {
        let play = Play::new(&cast, 1, camera, &mut rng);
        let take = take(&play.acts[0], &mut judge);
        let language = Language::built_in(code).expect("it is built in");
        let look = Theme::built_in(theme).expect("it is built in");
        let begun = Instant::now();
        let mut screen = Screen::new(size, &look, &language, &[]).expect("fonts are installed");
        println!("{size:?} {code}: made in {:?}", begun.elapsed());
        let scene = Scene {
            page: Page::Live,
            frame: &take.frame,
            mirror: false,
            map: &take.map,
            warmth: 1.0,
            outline: Some(take.bounds),
            state: State::Match,
            name: None,
            score: take.score,
            columns: &take.columns,
            trouble: None,
            deaf: false,
            recording: false,
            seconds: 1.3,
        };
        let quiet = Scene { state: State::Silent, warmth: 0.0, outline: None, ..scene };
        let unseen = Scene { state: State::NoVisibleSource, score: 0.12, ..quiet };
        let trouble = Some(language.camera_trouble.as_str());
        for (name, scene) in [
            ("match", scene),
            ("named", Scene { name: Some(&take.name), mirror: true, ..scene }),
            ("quiet", quiet),
            ("unseen", Scene { recording: true, ..unseen }),
            ("trouble", Scene { trouble, recording: true, ..quiet }),
            ("attract", Scene { page: Page::Attract, ..scene }),
            ("attract-quiet", Scene { page: Page::Attract, recording: true, ..quiet }),
            ("about", Scene { page: Page::About, ..quiet }),
        ] {
            screen.render(&scene);
            let mut times: Vec<Duration> = Vec::new();
            for _ in 0..9 {
                let begun = Instant::now();
                screen.render(&scene);
                times.push(begun.elapsed());
            }
            times.sort();
            let pixels = screen.render(&scene);
            let picture = RgbImage::from_fn(size.0, size.1, |x, y| {
                let [_, r, g, b] = pixels[(y * size.0 + x) as usize].to_be_bytes();
                Rgb([r, g, b])
            });
            let file = folder.join(format!("{}x{}-{theme}-{code}-{name}.png", size.0, size.1));
            picture.save(&file).expect("the picture can be written");
            println!("{}: {:?}", file.display(), times[times.len() / 2]);
        }
    }
}
