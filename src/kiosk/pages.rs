//! Which page is shown: the live picture, the example that invites, or the explanation.

pub use super::screen::Page;

/// A touch within this many seconds of the one before is the same finger: touch screens send a click as well.
const SAME_TOUCH: f64 = 0.4;

/// Chooses the page from what is heard and touched. All times are seconds on one clock that never goes back.
///
/// Live becomes Attract after `idle` seconds in which nothing sounded or a device was missing; sound or touch
/// brings Live back. A touch turns Live into About and About into Live; About ends by itself as well.
#[derive(Clone, Debug)]
pub struct Pages {
    /// Idle time in seconds before Attract; 0: never.
    idle: f64,
    /// Seconds for which About stays.
    about: f64,
    page: Page,
    /// When the live page had something to show for the last time.
    lively: f64,
    /// When the page was last touched.
    touched: f64,
}

impl Pages {
    /// Begins with the live page. Attract comes after `idle` seconds (0: never), About stays for `about` seconds.
    pub fn new(now: f64, idle: f64, about: f64) -> Self {
        Self { idle, about, page: Page::Live, lively: now, touched: f64::NEG_INFINITY }
    }

    /// A decision was made: whether there was sound, and whether camera and microphone deliver.
    pub fn heard(&mut self, now: f64, sounds: bool, devices: bool) {
        if sounds && devices {
            self.lively = now;
            if self.page == Page::Attract {
                self.page = Page::Live;
            }
        }
    }

    /// The screen, the mouse or the space bar was touched.
    pub fn touched(&mut self, now: f64) {
        let again = now - self.touched < SAME_TOUCH;
        self.touched = now;
        if again {
            return;
        }
        self.lively = now;
        self.page = match self.page {
            Page::Live => Page::About,
            Page::About | Page::Attract => Page::Live,
        };
    }

    /// The page at this moment.
    pub fn page(&mut self, now: f64) -> Page {
        if self.page == Page::About && now - self.touched >= self.about {
            // After About the live page follows, so that the visitor can try it.
            (self.page, self.lively) = (Page::Live, now);
        }
        if self.page == Page::Live && self.idle > 0.0 && now - self.lively >= self.idle {
            self.page = Page::Attract;
        }
        self.page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages() -> Pages {
        Pages::new(0.0, 45.0, 60.0)
    }

    #[test]
    fn quiet_brings_the_example_and_sound_the_live_page() {
        let mut pages = pages();
        assert_eq!(pages.page(44.9), Page::Live);
        pages.heard(44.9, true, true);
        assert_eq!(pages.page(89.8), Page::Live, "counted from the last sound");
        pages.heard(89.8, false, true);
        assert_eq!(pages.page(90.0), Page::Attract);
        pages.heard(95.0, false, true);
        assert_eq!(pages.page(95.0), Page::Attract, "quiet changes nothing");
        pages.heard(100.0, true, true);
        assert_eq!(pages.page(100.0), Page::Live);
    }

    #[test]
    fn without_a_device_the_example_plays_whatever_sounds() {
        let mut pages = pages();
        (0..450).for_each(|tenth| pages.heard(f64::from(tenth) / 10.0, true, false));
        assert_eq!(pages.page(45.0), Page::Attract);
        pages.heard(46.0, true, false);
        assert_eq!(pages.page(46.0), Page::Attract);
        pages.heard(47.0, true, true);
        assert_eq!(pages.page(47.0), Page::Live, "the device is back");
    }

    #[test]
    fn a_touch_explains_and_another_goes_back() {
        let mut pages = pages();
        pages.touched(10.0);
        assert_eq!(pages.page(10.0), Page::About);
        pages.touched(10.1);
        assert_eq!(pages.page(10.1), Page::About, "the click of the same touch");
        pages.touched(20.0);
        assert_eq!(pages.page(20.0), Page::Live);
        pages.touched(30.0);
        assert_eq!(pages.page(89.9), Page::About, "sound or not, it can be read");
        assert_eq!(pages.page(90.0), Page::Live, "it ends by itself");
        assert_eq!(pages.page(134.9), Page::Live, "with time to try");
        assert_eq!(pages.page(135.0), Page::Attract);
        pages.touched(140.0);
        assert_eq!(pages.page(140.0), Page::Live, "a touch ends the example");
    }

    #[test]
    fn without_an_idle_time_the_live_page_stays() {
        let mut pages = Pages::new(0.0, 0.0, 60.0);
        assert_eq!(pages.page(1e9), Page::Live);
    }
}
