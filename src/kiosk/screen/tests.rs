//! Tests of [`super::Screen`]: what whole pictures show.

mod pictures;

use embedded_graphics::mock_display::MockDisplay;
use embedded_graphics::pixelcolor::RgbColor;
use image::{Rgb, RgbImage};

use super::camera::View;
use super::surface::{intersect, pack};
use super::text::Room;
use super::*;
use crate::event::{Map, State};
use crate::overlay::canvas::Area;

const STATES: [State; 3] = [State::Silent, State::Match, State::NoVisibleSource];
const PAGES: [Page; 3] = [Page::Live, Page::Attract, Page::About];
const SIZE: (u32, u32) = (960, 540);

/// What a scene borrows.
struct Props {
    frame: RgbImage,
    map: Map,
    columns: Vec<Vec<f32>>,
}

impl Props {
    /// A frame with a blue left half and a grey right half, warm in its upper left, a loud low tone just now.
    fn new() -> Self {
        let half = |x: u32, y: u32| if x < 80 { Rgb([20, 60 + (y % 9) as u8, 160]) } else { Rgb([120; 3]) };
        let near = |i: usize| (i / 14).abs_diff(4) < 2 && (i % 14).abs_diff(3) < 2;
        let tone = |column: usize| {
            (0..257).map(|bin| if column > 900 && (8..30).contains(&bin) { 2.6 } else { 0.0 }).collect()
        };
        Self {
            frame: RgbImage::from_fn(160, 120, half),
            map: Map {
                rows: 14,
                columns: 14,
                values: (0..196).map(|i| if near(i) { 1.0 } else { 0.0 }).collect(),
            },
            columns: (0..1200).map(tone).collect(),
        }
    }

    fn scene(&self) -> Scene<'_> {
        Scene {
            page: Page::Live,
            frame: &self.frame,
            mirror: false,
            map: &self.map,
            warmth: 0.0,
            outline: None,
            state: State::Match,
            name: None,
            score: 0.8,
            columns: &self.columns,
            trouble: None,
            deaf: false,
            recording: false,
            seconds: 1.0,
        }
    }
}

fn screen((width, height): (u32, u32), code: &str) -> Screen {
    let language = Language::built_in(code).expect("it is built in");
    match Screen::new((width, height), &Theme::dark(), &language, &[]) {
        Ok(screen) => screen,
        Err(error) => panic!("{error}"),
    }
}

/// Where two pictures of a width differ: the smallest area around it.
fn difference(a: &[u32], b: &[u32], width: u32) -> Area {
    assert_eq!(a.len(), b.len());
    let (mut x0, mut y0, mut x1, mut y1) = (i32::MAX, i32::MAX, 0, 0);
    for (i, _) in a.iter().zip(b).enumerate().filter(|(_, (a, b))| a != b) {
        let (x, y) = ((i % width as usize) as i32, (i / width as usize) as i32);
        (x0, y0, x1, y1) = (x0.min(x), y0.min(y), x1.max(x + 1), y1.max(y + 1));
    }
    Area { x: x0.min(x1), y: y0.min(y1), width: (x1 - x0).max(0), height: (y1 - y0).max(0) }
}

/// How many pixels of an area have a colour.
fn count(pixels: &[u32], width: u32, area: Area, color: [u8; 3]) -> usize {
    let rows = (area.y..area.bottom()).map(|y| (y * width as i32 + area.x) as usize);
    let row = |start: usize| {
        pixels[start..start + area.width as usize].iter().filter(|p| **p == pack(color)).count()
    };
    rows.map(row).sum()
}

fn layout(screen: &Screen) -> layout::Layout {
    screen.live.as_ref().expect("the live page was shown").layout
}

#[test]
fn the_answer_changes_with_the_state_and_nothing_but_answer_and_dial_does() {
    let (props, mut screen) = (Props::new(), screen(SIZE, "en"));
    let pictures = STATES.map(|state| screen.render(&Scene { state, ..props.scene() }).to_vec());
    let layout = layout(&screen);
    let areas = [layout.sentence, layout.dial.expect("the theme has a dial")];
    let holds = |area: &Area, i: usize| {
        let (x, y) = (i as i32 % 960, i as i32 / 960);
        (area.x..area.right()).contains(&x) && (area.y..area.bottom()).contains(&y)
    };
    for (i, a) in pictures.iter().enumerate() {
        for b in &pictures[..i] {
            let changed: Vec<usize> = (0..a.len()).filter(|i| a[*i] != b[*i]).collect();
            assert!(changed.iter().filter(|i| holds(&areas[0], **i)).count() > 500);
            assert!(changed.iter().all(|i| areas.iter().any(|area| holds(area, *i))));
        }
    }
    let named = screen.render(&Scene { name: Some("bell"), ..props.scene() });
    let at = difference(named, &pictures[1], SIZE.0);
    assert_eq!(intersect(at, layout.sentence), at);
    assert!(at.width > 100);
}

#[test]
fn a_mirrored_frame_is_mirrored_on_live_and_attract() {
    let (props, mut screen) = (Props::new(), screen(SIZE, "en"));
    for page in [Page::Live, Page::Attract] {
        let scene = Scene { page, state: State::Silent, ..props.scene() };
        let plain = screen.render(&scene).to_vec();
        let mirrored = screen.render(&Scene { mirror: true, ..scene }).to_vec();
        let area = match page {
            Page::Live => View::whole((160, 120), layout(&screen).picture, false).expect("pixels").area,
            _ => Area { x: 0, y: 0, width: 960, height: 390 },
        };
        let at = |pixels: &[u32], x: i32| pixels[((area.y + area.height / 2) * 960 + x) as usize];
        let quarter = area.width / 4;
        assert_eq!(at(&mirrored, area.x + quarter), at(&plain, area.right() - 1 - quarter));
        assert_ne!(at(&mirrored, area.x + quarter), at(&plain, area.x + quarter));
        assert_eq!(at(&plain, area.right() - 1 - quarter), 0x78_7878);
    }
}

#[test]
fn the_outline_is_around_the_box_and_mirrored_with_it() {
    let (props, mut screen) = (Props::new(), screen(SIZE, "en"));
    for mirror in [false, true] {
        let scene = Scene { mirror, ..props.scene() };
        let without = screen.render(&scene).to_vec();
        let bounds = [0.25, 0.25, 0.5, 0.75];
        let with = screen.render(&Scene { outline: Some(bounds), ..scene });
        let at = difference(&without, with, SIZE.0);
        let layout = layout(&screen);
        let view = View::whole((160, 120), layout.picture, mirror).expect("pixels");
        let [x0, y0, x1, y1] = view.place(bounds);
        let reach = 2.0 * layout.unit;
        for (side, wanted) in [
            (at.x as f32, x0 - reach / 2.0),
            (at.y as f32, y0 - reach / 2.0),
            (at.right() as f32, x1 + reach / 2.0),
            (at.bottom() as f32, y1 + reach / 2.0),
        ] {
            assert!((side - wanted).abs() <= reach, "{at:?} is not about {:?}", view.place(bounds));
        }
    }
}

#[test]
fn an_outline_beyond_the_frame_stays_on_the_picture() {
    let (props, mut screen) = (Props::new(), screen(SIZE, "en"));
    let without = screen.render(&props.scene()).to_vec();
    let picture = View::whole((160, 120), layout(&screen).picture, false).expect("pixels").area;
    for bounds in [[0.0, 0.0, 1.0, 1.0], [0.9, 0.9, 1.0, 1.0], [-3.0, 0.2, 7.0, 0.4], [0.8, 0.8, 0.2, 0.2]] {
        let with = screen.render(&Scene { outline: Some(bounds), warmth: 1.0, ..props.scene() });
        let at = difference(&without, with, SIZE.0);
        assert_eq!(intersect(at, picture), at, "{bounds:?}");
    }
    let broken = screen.render(&Scene { outline: Some([f32::NAN, 0.0, 1.0, 1.0]), ..props.scene() });
    assert_eq!(broken, without);
}

#[test]
fn the_map_lights_its_place_and_dims_the_rest() {
    let (props, mut screen) = (Props::new(), screen(SIZE, "en"));
    let cold = screen.render(&props.scene()).to_vec();
    let warm = screen.render(&Scene { warmth: 1.0, ..props.scene() }).to_vec();
    let area = View::whole((160, 120), layout(&screen).picture, false).expect("pixels").area;
    let at = |pixels: &[u32], x: f32, y: f32| {
        let (x, y) = (area.x + (x * area.width as f32) as i32, area.y + (y * area.height as f32) as i32);
        pixels[(y * 960 + x) as usize].to_be_bytes()
    };
    assert!(at(&warm, 0.25, 0.32)[1] > at(&cold, 0.25, 0.32)[1] + 60, "red rises");
    assert!(at(&warm, 0.8, 0.8)[1] < at(&cold, 0.8, 0.8)[1] - 30, "the rest is dimmed");
}

#[test]
fn the_dial_fills_with_the_score_and_tells_nothing_in_silence() {
    let (props, mut screen) = (Props::new(), screen(SIZE, "en"));
    let Theme { here, unseen, .. } = Theme::dark();
    let mut filled = |score: f32, state: State, color: Color| {
        let pixels = screen.render(&Scene { score, state, ..props.scene() }).to_vec();
        count(&pixels, SIZE.0, layout(&screen).dial.expect("a dial"), color.0)
    };
    let (low, high) = (filled(0.2, State::NoVisibleSource, unseen), filled(0.9, State::Match, here));
    assert!(low > 100 && high > 3 * low, "{low} {high}");
    assert_eq!(filled(f32::NAN, State::Match, here), filled(0.0, State::Match, here));
    assert_eq!((filled(0.9, State::Silent, here), filled(0.9, State::Silent, unseen)), (0, 0));
}

#[test]
fn the_newest_sound_is_on_the_right_and_low_tones_are_at_the_bottom() {
    let (props, mut screen) = (Props::new(), screen(SIZE, "en"));
    let pixels = screen.render(&props.scene()).to_vec();
    let plot = screen.live.as_ref().and_then(|live| live.ribbon.as_ref()).expect("a ribbon").plot();
    let red = |x: i32, y: i32| pixels[(y * 960 + x) as usize].to_be_bytes()[1];
    let low = plot.bottom() - plot.height / 4;
    assert!(red(plot.right() - plot.width / 8, low) > 200);
    assert!(red(plot.right() - plot.width / 8, plot.y + plot.height / 4) < 20, "no high tone");
    assert!(red(plot.x + plot.width / 2, low) < 20, "not so long ago");
    let few = Scene { columns: &props.columns[1190..], ..props.scene() };
    let pixels = screen.render(&few);
    assert!(
        pixels[(low * 960 + plot.right() - 4) as usize].to_be_bytes()[1] > 200,
        "few columns end now, too"
    );
}

#[test]
fn recording_and_trouble_are_visible_and_the_page_on_privacy_knows() {
    let (props, mut screen) = (Props::new(), screen(SIZE, "en"));
    for page in PAGES {
        let scene = Scene { page, ..props.scene() };
        let plain = screen.render(&scene).to_vec();
        let recording = difference(&plain, screen.render(&Scene { recording: true, ..scene }), SIZE.0);
        assert!(recording.width > 60 && recording.height > 9, "{page:?}: {recording:?}");
        let trouble = Scene { trouble: Some("The camera gives no picture."), recording: true, ..scene };
        let both = difference(&plain, screen.render(&trouble), SIZE.0);
        assert!(page == Page::About || both.width > recording.width + 100, "{page:?}: {both:?}");
    }
}

#[test]
fn the_same_scene_gives_the_same_pixels_whatever_was_before() {
    let props = Props::new();
    let scenes: Vec<Scene> = PAGES
        .into_iter()
        .flat_map(|page| STATES.map(|state| (page, state)))
        .map(|(page, state)| Scene {
            page,
            state,
            outline: Some([0.2, 0.2, 0.6, 0.7]),
            warmth: 0.7,
            ..props.scene()
        })
        .collect();
    let mut first = screen(SIZE, "de");
    let pictures: Vec<Vec<u32>> = scenes.iter().map(|scene| first.render(scene).to_vec()).collect();
    let mut second = screen(SIZE, "de");
    for (scene, picture) in scenes.iter().zip(&pictures).rev() {
        assert!(second.render(scene) == picture, "{:?} {:?}", scene.page, scene.state);
    }
}

#[test]
fn every_text_of_every_language_fits_on_every_screen() {
    let props = Props::new();
    let mut wrong = Vec::new();
    for code in Language::BUILT_IN {
        for size in
            [(1920, 1080), (1080, 1920), (640, 360), (360, 640), (1024, 768), (800, 1280), (2560, 1080)]
        {
            let mut screen = screen(size, code);
            let trouble = [
                screen.style.language.camera_trouble.clone(),
                screen.style.language.microphone_trouble.clone(),
            ];
            for page in PAGES {
                for state in STATES {
                    for (recording, trouble) in
                        [(false, None), (true, Some(&trouble[0])), (true, Some(&trouble[1]))]
                    {
                        let trouble = trouble.map(String::as_str);
                        screen.render(&Scene { page, state, recording, trouble, ..props.scene() });
                        screen.render(&Scene { page, state, name: Some("Glockenspiel"), ..props.scene() });
                    }
                }
            }
            let layout = layout(&screen);
            let answer = layout.sentence.width - live::indent(&layout);
            for (text, Room([width, height]), block) in screen.style.typesetter.kept() {
                let least = if width == answer { 12.0 } else { 6.0 };
                let (ink, over) = (block.ink(0, 0), (block.size * 0.2).ceil() as i32);
                let room = Area { x: 0, y: 0, width, height }.inset(-over);
                let inside = block.width <= width && block.height <= height && intersect(ink, room) == ink;
                if block.size < least || !inside {
                    wrong.push(format!(
                        "{code} at {size:?}: {text:?} has size {} in {width}x{height}",
                        block.size
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn strange_scenes_and_sizes_are_drawn_without_panic() {
    let strange = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1.0, 7.0, 0.5];
    let columns = vec![vec![], vec![f32::NAN; 3], vec![9e9; 257], vec![f32::NEG_INFINITY; 300]];
    let mut props = Props::new();
    for size in [(0, 0), (1, 1), (3, 400), (400, 3), (64, 64), (320, 200)] {
        let mut screen = screen(size, "en");
        for frame in [(0, 0), (1, 1), (900, 2), (2, 900), (64, 48)] {
            props.frame = RgbImage::new(frame.0, frame.1);
            for value in strange {
                props.map.values.fill(value);
                for page in PAGES {
                    let scene = Scene {
                        page,
                        warmth: value,
                        outline: Some([value, 0.5, 0.2, value]),
                        score: value,
                        columns: &columns,
                        name: Some(""),
                        trouble: Some(""),
                        recording: true,
                        seconds: f64::from(value) * 1e30,
                        ..props.scene()
                    };
                    assert_eq!(screen.render(&scene).len(), (size.0 * size.1) as usize);
                }
            }
        }
    }
}

#[test]
fn a_target_gets_the_picture_that_is_rendered() {
    let (props, mut screen) = (Props::new(), screen((64, 64), "en"));
    let scene = Scene { warmth: 1.0, ..props.scene() };
    let mut target = MockDisplay::<Rgb888>::new();
    let Ok(()) = screen.draw(&scene, &mut target);
    for (i, pixel) in screen.render(&scene).iter().enumerate() {
        let color = target.get_pixel(Point::new(i as i32 % 64, i as i32 / 64)).expect("every pixel is drawn");
        assert_eq!(pack([color.r(), color.g(), color.b()]), *pixel);
    }
}
