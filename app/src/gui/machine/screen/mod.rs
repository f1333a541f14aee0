//! The guest's screen: its picture, its text, and the keys that go to it while it has the focus.

mod look;
mod picture;
mod words;

pub use look::{DisplayOptions, Look, Scaling};

use super::keys;
use egui::{
    Color32, Context, Event, EventFilter, Id, Key, Rect, Response, Sense, TextureId, Ui, Vec2, WidgetInfo,
    vec2,
};
use emu_core::board::external::External;
use emu_core::hal::input::{HeldKeys, KeyCode};
use emu_core::hal::video::{Frame, FrameViewer, OutputId};
use emu_core::machine::protocol::Command;
use picture::GuestPicture;
use words::{FindBar, Placed, Words};

/// The screen of one machine.
#[derive(Default)]
pub struct Screen {
    last: Option<Frame>,
    picture: GuestPicture,
    /// What the picture was drawn for.
    drawn: Option<DisplayOptions>,
    /// Where it was painted last, in points.
    shown_at: Option<Rect>,
    /// It was shown since the last update.
    was_shown: bool,
    words: Words,
    held: HeldKeys,
    chord: FreeingChord,
    pub options: DisplayOptions,
    has_focus: bool,
    /// The screen takes the focus when it is shown next.
    wants_focus: bool,
    /// The clipboard's text was asked for, to be typed.
    paste_is_wanted: bool,
}

/// Ctrl and Alt, pressed and let go with no other key between, free the keyboard.
#[derive(Default)]
struct FreeingChord {
    complete: bool,
}

impl FreeingChord {
    /// Takes a change of a key. Gives whether the keyboard is to be freed.
    fn change(&mut self, key: KeyCode, pressed: bool, held: &HeldKeys) -> bool {
        let is_down = |left, right| held.is_held(left) || held.is_held(right);
        let ctrl_and_alt = is_down(KeyCode::ControlLeft, KeyCode::ControlRight)
            && is_down(KeyCode::AltLeft, KeyCode::AltRight);
        let is_part = matches!(
            key,
            KeyCode::ControlLeft | KeyCode::ControlRight | KeyCode::AltLeft | KeyCode::AltRight
        );
        if pressed {
            self.complete = ctrl_and_alt && is_part;
            return false;
        }
        is_part && std::mem::take(&mut self.complete)
    }
}

impl Screen {
    /// A screen that takes the keyboard as soon as it is shown.
    pub fn new(options: DisplayOptions) -> Self {
        Self { wants_focus: true, options, ..Self::default() }
    }

    pub fn take_focus(&mut self) {
        self.wants_focus = true;
    }

    /// Whether the keyboard is the guest's.
    pub fn has_focus(&self) -> bool {
        self.has_focus
    }

    /// The last picture.
    pub fn frame(&self) -> Option<&Frame> {
        self.last.as_ref()
    }

    /// Where the picture was painted last on its window.
    pub fn shown_at(&self) -> Option<Rect> {
        self.shown_at
    }

    /// The last picture's texture and the size at which it has its tube's proportions.
    pub fn picture(&self) -> Option<(TextureId, Vec2)> {
        Some((self.picture.texture()?, self.natural_size()?))
    }

    /// Asks for the clipboard's text; it is typed when it comes.
    pub fn paste(&mut self, ctx: &Context) {
        self.paste_is_wanted = true;
        ctx.send_viewport_cmd(egui::ViewportCommand::RequestPaste);
    }

    /// The text to be copied: the selection, or all text on the screen. None where there is none.
    pub fn copied_text(&mut self) -> Option<String> {
        self.words.copied(self.last.as_ref()?)
    }

    /// Shows the field for a text to be found, with the keyboard on it.
    pub fn find(&mut self) {
        self.words.find = Some(FindBar::default());
    }

    /// Takes the newest frame, if there is one that looks different.
    pub fn update(&mut self, ctx: &Context, frames: &FrameViewer) {
        if let Some(frame) = frames.take(OutputId(0)) {
            if self.last.as_ref().is_none_or(|last| !last.looks_like(&frame)) {
                self.picture.take(ctx, &frame, self.options.display());
                self.drawn = Some(self.options);
                self.words.changed();
            }
            if let Some(old) = self.last.replace(frame) {
                frames.give_back(old);
            }
        }
        if !std::mem::take(&mut self.was_shown) {
            self.picture.renew(ctx);
        }
    }

    /// Shows the screen in all of the place that is left. Gives what the guest is to be told.
    pub fn ui(&mut self, ui: &mut Ui, id: Id, runs: bool) -> Vec<Command> {
        self.was_shown = true;
        if self.words.find_bar(ui, self.last.as_ref()) {
            self.wants_focus = true;
        }
        let place = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(place);
        let response = ui.interact(place, id, Sense::click_and_drag());
        if response.clicked() || std::mem::take(&mut self.wants_focus) {
            response.request_focus();
        }
        self.speak(ui, &response);
        ui.painter().rect_filled(place, 0.0, Color32::BLACK);
        self.paint(ui, &response, runs);
        let is_focused = response.has_focus() && ui.input(|input| input.focused);
        let mut told: Vec<Command> = self.pasted(ui).into_iter().collect();
        if is_focused && runs {
            let filter =
                EventFilter { tab: true, horizontal_arrows: true, vertical_arrows: true, escape: true };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
            ui.painter().rect_stroke(place, 0.0, ui.visuals().selection.stroke, egui::StrokeKind::Inside);
            told.extend(self.typed(ui, id));
        } else if self.has_focus {
            told.extend(self.release_all());
        }
        self.has_focus = is_focused && runs;
        told
    }

    /// Paints picture and marks. The mouse selects text while Shift is held or the machine stands; Ctrl+C copies it
    /// while the machine stands: else it is the guest's.
    fn paint(&mut self, ui: &Ui, response: &Response, runs: bool) {
        let Some(place) = self.placed(ui, response.rect) else { return };
        let Some(frame) = &self.last else { return };
        if self.drawn.is_some_and(|drawn| drawn.display() != self.options.display()) {
            self.picture.take(ui.ctx(), frame, self.options.display());
            self.drawn = Some(self.options);
        }
        let painted = self.picture.paint(ui, place, self.options.filter());
        self.shown_at = Some(painted);
        let placed = Placed::new(painted, frame.head());
        if !runs || ui.input(|input| input.modifiers.shift) {
            self.words.select(response, &placed, frame);
        }
        self.words.paint(ui, &placed, frame);
        let copies = |event: &Event| matches!(event, Event::Copy);
        if !runs
            && !ui.ctx().text_edit_focused()
            && let Some(text) = self.words.selected()
            && ui.input(|input| input.events.iter().any(copies))
        {
            ui.ctx().copy_text(text.to_owned());
        }
    }

    /// Gives assistive technology the text that is on the screen.
    fn speak(&mut self, ui: &Ui, response: &Response) {
        let spoken = self.words.spoken(ui, self.last.as_ref());
        response.widget_info(|| {
            let mut info = WidgetInfo::labeled(egui::Role::Terminal, true, "Guest screen");
            info.current_text_value = Some(spoken.to_owned());
            info
        });
    }

    /// Lets go of all keys.
    pub fn release_all(&mut self) -> Vec<Command> {
        self.chord = FreeingChord::default();
        self.held.release_all().into_iter().map(|input| Command::Input(External::Input(input))).collect()
    }

    /// The key events of this frame, which nobody else gets.
    fn typed(&mut self, ui: &Ui, id: Id) -> Vec<Command> {
        let mut told = Vec::new();
        let mut is_freed = false;
        for (key, pressed) in take_keys(ui) {
            if let Some(input) = self.held.change(key, pressed) {
                told.push(Command::Input(External::Input(input)));
                is_freed |= self.chord.change(key, pressed, &self.held);
            }
        }
        if is_freed {
            told.extend(self.release_all());
            ui.memory_mut(|memory| memory.surrender_focus(id));
        }
        told
    }

    fn pasted(&mut self, ui: &Ui) -> Option<Command> {
        if !self.paste_is_wanted {
            return None;
        }
        let take = |event: &Event| match event {
            Event::Paste(text) => Some(text.clone()),
            _ => None,
        };
        let text = ui.input(|input| input.events.iter().find_map(take))?;
        ui.input_mut(|input| input.events.retain(|event| !matches!(event, Event::Paste(_))));
        self.paste_is_wanted = false;
        Some(Command::Type(in_typing_notation(&text)))
    }

    /// Width and height in points at which a dot is a point high.
    fn natural_size(&self) -> Option<Vec2> {
        let head = self.last.as_ref()?.head();
        let (across, down) = head.pixel_aspect;
        let aspect = f32::from(across.max(1)) / f32::from(down.max(1));
        Some(vec2(f32::from(head.width) * aspect, f32::from(head.height)))
    }

    /// Where the picture goes.
    fn placed(&self, ui: &Ui, place: Rect) -> Option<Rect> {
        let natural = self.natural_size()?;
        let head = self.last.as_ref()?.head();
        let fitting = (place.size() / natural).min_elem();
        let size = match self.options.scaling {
            Scaling::Fill => place.size(),
            Scaling::True => natural * fitting,
            Scaling::Whole => {
                let dots = vec2(f32::from(head.width), f32::from(head.height));
                let pixels = ui.pixels_per_point();
                whole_scale(natural.x / dots.x, dots, place.size() * pixels) * dots / pixels
            }
        };
        Some(Rect::from_center_size(place.center(), size))
    }
}

/// The largest whole numbers of pixels for a dot's width and height that fit and come near its aspect.
fn whole_scale(aspect: f32, dots: Vec2, pixels: Vec2) -> Vec2 {
    let mut best = Vec2::splat(1.0);
    for down in 1..=16u8 {
        let down = f32::from(down);
        let scale = vec2((down * aspect).round().max(1.0), down);
        if (scale * dots).x > pixels.x || (scale * dots).y > pixels.y {
            break;
        }
        best = scale;
    }
    best
}

/// Takes the key events out of the frame's input. Where the window system has made a clipboard event of Ctrl with C, X
/// or V, it is the letter again.
fn take_keys(ui: &Ui) -> Vec<(KeyCode, bool)> {
    let mut keys = Vec::new();
    ui.input_mut(|input| {
        input.events.retain(|event| {
            let change = match event {
                Event::Key { key, physical_key, pressed, .. } => {
                    keys::position(physical_key.unwrap_or(*key)).map(|position| (position, *pressed))
                }
                Event::Copy => keys::position(Key::C).map(|position| (position, true)),
                Event::Cut => keys::position(Key::X).map(|position| (position, true)),
                Event::Paste(_) => keys::position(Key::V).map(|position| (position, true)),
                Event::Text(_) => None,
                _ => return true,
            };
            keys.extend(change);
            false
        });
    });
    keys
}

/// Text from the clipboard, so that none of it is taken for the name of a key.
fn in_typing_notation(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\\', "\\\\").replace('{', "{{");
    text.replace(['\n', '\r'], "\\n").replace('\t', "\\t")
}

#[cfg(test)]
mod tests {
    use super::*;
    use emu_core::hal::input::parse_typed;

    #[test]
    fn ctrl_and_alt_alone_free_the_keyboard() {
        let frees = |keys: &[(KeyCode, bool)]| {
            let (mut held, mut chord) = (HeldKeys::default(), FreeingChord::default());
            keys.iter().any(|&(key, pressed)| {
                held.change(key, pressed);
                chord.change(key, pressed, &held)
            })
        };
        let (ctrl, alt, delete) = (KeyCode::ControlLeft, KeyCode::AltLeft, KeyCode::Delete);
        assert!(frees(&[(ctrl, true), (alt, true), (alt, false)]));
        assert!(!frees(&[(ctrl, true), (alt, true), (delete, true), (delete, false), (alt, false)]));
        assert!(!frees(&[(ctrl, true), (ctrl, false), (alt, true), (alt, false)]));
    }

    #[test]
    fn pasted_text_is_typed_as_it_stands() {
        let notation = in_typing_notation("dir {a}\\b\r\n\t");
        assert_eq!(notation, "dir {{a}\\\\b\\n\\t");
        assert!(parse_typed(&notation).is_ok());
    }

    #[test]
    fn whole_scales_keep_near_the_tubes_proportions() {
        let dots = vec2(640.0, 200.0);
        assert_eq!(whole_scale(5.0 / 12.0, dots, vec2(800.0, 600.0)), vec2(1.0, 3.0));
        assert_eq!(whole_scale(5.0 / 12.0, dots, vec2(1400.0, 1000.0)), vec2(2.0, 5.0));
        assert_eq!(whole_scale(5.0 / 12.0, dots, vec2(100.0, 100.0)), vec2(1.0, 1.0));
    }
}
