//! Where everything is on the live page, for any size of screen: side by side on wide ones, one below the
//! other on tall ones. The picture gets the frame's own shape, so that nothing of it is cut off.

use super::theme::Theme;
use crate::overlay::canvas::Area;

/// The areas of the live page. Each may be without pixels on a very small screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Layout {
    /// Length that sizes are made of: the height of a line of plain text.
    pub(super) unit: f32,
    /// The question.
    pub(super) title: Area,
    /// Room for the camera's picture.
    pub(super) picture: Area,
    /// The answer, in large letters.
    pub(super) sentence: Area,
    /// The dial with its words, if the theme has one.
    pub(super) dial: Option<Area>,
    /// The ribbon with its labels, if the theme has one.
    pub(super) ribbon: Option<Area>,
    /// The small line on what can be touched.
    pub(super) hint: Area,
}

/// Size of plain text on a screen of this size, in pixels: what is large on a wall is still legible on a tablet.
pub(super) fn unit(width: i32, height: i32) -> f32 {
    (width.min(height) as f32 / 40.0).min(width.max(height) as f32 / 66.0).max(9.0)
}

impl Layout {
    /// Divides a screen for frames of `aspect` (width / height).
    pub(super) fn new(width: i32, height: i32, aspect: f32, theme: &Theme) -> Self {
        // Extreme frames get bars instead of pressing everything else aside.
        let aspect = aspect.clamp(0.7, 2.0);
        if width as f32 >= height as f32 * 1.1 {
            wide(width, height, aspect, theme)
        } else {
            tall(width, height, aspect, theme)
        }
    }
}

/// Picture on the left, question, dial and hint on the right; answer and ribbon below, over the full width.
fn wide(width: i32, height: i32, aspect: f32, theme: &Theme) -> Layout {
    let unit = unit(width, height);
    let [margin, gap] = [1.5, 0.9].map(|units| (units * unit) as i32);
    let inner = Area { x: 0, y: 0, width, height }.inset(margin);
    let mut rest = inner;
    let ribbon = theme.ribbon.then(|| cut_bottom(&mut rest, height * 14 / 100, gap / 2));
    let sentence = cut_bottom(&mut rest, height * 13 / 100, gap / 2);
    let column =
        (inner.width * 27 / 100).max((inner.width as f32 - rest.height as f32 * aspect) as i32 - 2 * gap);
    let mut column = cut_right(&mut rest, column, 2 * gap);
    let title = cut_top(&mut column, height * 15 / 100, gap);
    let hint = cut_bottom(&mut column, (2.8 * unit) as i32, gap);
    let dial = theme.dial.then_some(column);
    Layout { unit, title, picture: rest, sentence, dial, ribbon, hint }
}

/// Question, picture, answer, dial, ribbon and hint, one below the other.
fn tall(width: i32, height: i32, aspect: f32, theme: &Theme) -> Layout {
    let unit = unit(width, height);
    let [margin, gap] = [1.7, 1.0].map(|units| (units * unit) as i32);
    let mut rest = Area { x: 0, y: 0, width, height }.inset(margin);
    let title = cut_top(&mut rest, height * 6 / 100, gap);
    let hint = cut_bottom(&mut rest, (1.6 * unit) as i32, gap);
    let ribbon = theme.ribbon.then(|| cut_bottom(&mut rest, height * 12 / 100, gap));
    let picture = ((rest.width as f32 / aspect) as i32).min(height * 44 / 100);
    let picture = cut_top(&mut rest, picture, gap);
    let sentence = cut_top(&mut rest, height * 12 / 100, gap);
    let dial = theme.dial.then_some(rest);
    Layout { unit, title, picture, sentence, dial, ribbon, hint }
}

/// Takes `size` rows from the top of an area, and a gap below them.
pub(super) fn cut_top(rest: &mut Area, size: i32, gap: i32) -> Area {
    let size = size.clamp(0, rest.height.max(0));
    let cut = Area { height: size, ..*rest };
    let taken = (size + gap).min(rest.height.max(0));
    *rest = Area { y: rest.y + taken, height: rest.height - taken, ..*rest };
    cut
}

/// Takes `size` rows from the bottom of an area, and a gap above them.
pub(super) fn cut_bottom(rest: &mut Area, size: i32, gap: i32) -> Area {
    let size = size.clamp(0, rest.height.max(0));
    let cut = Area { y: rest.bottom() - size, height: size, ..*rest };
    rest.height -= (size + gap).min(rest.height.max(0));
    cut
}

/// Takes `size` columns from the right of an area, and a gap left of them.
pub(super) fn cut_right(rest: &mut Area, size: i32, gap: i32) -> Area {
    let size = size.clamp(0, rest.width.max(0));
    let cut = Area { x: rest.right() - size, width: size, ..*rest };
    rest.width -= (size + gap).min(rest.width.max(0));
    cut
}

/// Takes `size` columns from the left of an area, and a gap right of them.
pub(super) fn cut_left(rest: &mut Area, size: i32, gap: i32) -> Area {
    let size = size.clamp(0, rest.width.max(0));
    let cut = Area { width: size, ..*rest };
    let taken = (size + gap).min(rest.width.max(0));
    *rest = Area { x: rest.x + taken, width: rest.width - taken, ..*rest };
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kiosk::screen::surface::intersect;

    #[test]
    fn areas_stay_on_the_screen_and_apart() {
        for (width, height) in
            [(1920, 1080), (1080, 1920), (640, 360), (360, 640), (1024, 768), (3840, 2160), (1000, 1000)]
        {
            for aspect in [4.0 / 3.0, 16.0 / 9.0, 1.0, 0.2, 9.0] {
                for (dial, ribbon) in [(true, true), (true, false), (false, true), (false, false)] {
                    let theme = Theme { dial, ribbon, ..Theme::dark() };
                    let layout = Layout::new(width, height, aspect, &theme);
                    assert_eq!((layout.dial.is_some(), layout.ribbon.is_some()), (dial, ribbon));
                    let areas = [layout.title, layout.picture, layout.sentence, layout.hint];
                    let areas: Vec<Area> =
                        areas.into_iter().chain(layout.dial).chain(layout.ribbon).collect();
                    for (i, a) in areas.iter().enumerate() {
                        assert!(!a.is_empty(), "{width}x{height} {layout:?}");
                        assert_eq!(intersect(*a, Area { x: 0, y: 0, width, height }), *a);
                        assert!(
                            areas[..i].iter().all(|b| intersect(*a, *b).is_empty()),
                            "{width}x{height} {layout:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn the_picture_is_the_largest_thing() {
        for (width, height) in [(1920, 1080), (1080, 1920), (640, 360)] {
            let Layout { picture, .. } = Layout::new(width, height, 16.0 / 9.0, &Theme::dark());
            let share = (picture.width * picture.height) as f32 / (width * height) as f32;
            assert!(share > 0.24, "{width}x{height}: {share}");
        }
    }
}
