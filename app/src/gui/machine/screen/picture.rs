//! The guest's picture on the window: by the window's own GPU where it draws with wgpu, in software where it doesn't
//! or where the device was lost. Both show the same pixels.

use crate::gpu::{Picture, ScanOut};
use crate::gui::pictures::DOTS;
use crate::gui::renderer::{self, WindowGpu};
use egui::{Color32, ColorImage, Context, Pos2, Rect, TextureHandle, TextureId, Ui, pos2, vec2};
use emu_core::hal::video::{Display, Filter, Frame, Scaler};
use std::sync::Arc;

/// The picture of one screen.
#[derive(Default)]
pub struct GuestPicture {
    way: Option<Way>,
}

enum Way {
    Gpu(Box<OnGpu>),
    Software(Box<InSoftware>),
}

impl GuestPicture {
    /// Takes a frame's dots, as `display` shows them.
    pub fn take(&mut self, ctx: &Context, frame: &Frame, display: Display) {
        if self.way.as_ref().is_none_or(Way::is_lost) {
            self.way = Some(Way::best(ctx));
        }
        match &mut self.way {
            Some(Way::Gpu(picture)) => picture.take(frame, display),
            Some(Way::Software(picture)) => picture.take(frame, display),
            None => {}
        }
    }

    /// Has the texture renewed while nothing is painted, as for a picture on a card.
    pub fn renew(&mut self, ctx: &Context) {
        if let Some(Way::Software(picture)) = &mut self.way {
            picture.upload_dots(ctx);
        }
    }

    /// A texture of the whole picture, for small pictures of it.
    pub fn texture(&self) -> Option<TextureId> {
        match self.way.as_ref()? {
            Way::Gpu(picture) => picture.texture,
            Way::Software(picture) => Some(picture.texture.as_ref()?.id()),
        }
    }

    /// Paints the picture over `rect`, moved by less than a pixel so that it fills whole ones. Gives where it is.
    pub fn paint(&mut self, ui: &Ui, rect: Rect, filter: Filter) -> Rect {
        let place = Pixels::of(rect, ui.pixels_per_point());
        let rect = place.rect(ui.pixels_per_point());
        match &mut self.way {
            Some(Way::Gpu(picture)) => picture.paint(ui, &place, rect, filter),
            Some(Way::Software(picture)) => picture.paint(ui, &place, rect, filter),
            None => {}
        }
        rect
    }
}

impl Way {
    fn best(ctx: &Context) -> Self {
        match renderer::gpu_of(ctx).filter(|window| !window.gpu.is_lost()) {
            Some(window) => Self::Gpu(Box::new(OnGpu::new(window))),
            None => Self::Software(Box::default()),
        }
    }

    fn is_lost(&self) -> bool {
        matches!(self, Self::Gpu(picture) if picture.window.gpu.is_lost())
    }
}

/// A place on the window in its own pixels.
#[derive(Clone, Copy, PartialEq)]
struct Pixels {
    left: i32,
    top: i32,
    size: (u16, u16),
}

impl Pixels {
    fn of(rect: Rect, pixels_per_point: f32) -> Self {
        let [min, max] = [rect.min, rect.max].map(|corner| (corner.to_vec2() * pixels_per_point).round());
        let side = |length: f32| length.clamp(1.0, Scaler::MAX_SIDE.into()) as u16;
        Self { left: min.x as i32, top: min.y as i32, size: (side(max.x - min.x), side(max.y - min.y)) }
    }

    fn rect(&self, pixels_per_point: f32) -> Rect {
        let min = pos2(self.left as f32, self.top as f32);
        let size = vec2(self.size.0.into(), self.size.1.into());
        Rect::from_min_size(min / pixels_per_point, size / pixels_per_point)
    }
}

/// What tables for scaling depend on: dots, pixels, filter.
type ScalerKey = ((u16, u16), (u16, u16), Filter);

/// The picture on the window's own device: frames are uploaded as line runs.
struct OnGpu {
    window: Arc<WindowGpu>,
    scan_out: ScanOut,
    dots: (u16, u16),
    /// The dots as a texture that egui can draw.
    texture: Option<TextureId>,
    /// What was painted last, and where.
    painted: Option<(ScalerKey, (i32, i32), Picture)>,
}

impl OnGpu {
    fn new(window: Arc<WindowGpu>) -> Self {
        let scan_out = ScanOut::new(&window.gpu);
        Self { window, scan_out, dots: (0, 0), texture: None, painted: None }
    }

    fn take(&mut self, frame: &Frame, display: Display) {
        let is_new = self.scan_out.draw(&self.window.gpu, frame, display);
        self.dots = (frame.head().width, frame.head().height);
        if is_new {
            self.painted = None;
            self.register();
        }
    }

    fn register(&mut self) {
        let Some(texture) = self.scan_out.texture() else { return };
        let view = texture.create_view(&Default::default());
        let device = &self.window.gpu.device;
        let mut renderer = self.window.renderer.write();
        match self.texture {
            Some(id) => {
                renderer.update_egui_texture_from_wgpu_texture(device, &view, wgpu::FilterMode::Linear, id);
            }
            None => {
                self.texture =
                    Some(renderer.register_native_texture(device, &view, wgpu::FilterMode::Linear));
            }
        }
    }

    fn paint(&mut self, ui: &Ui, place: &Pixels, rect: Rect, filter: Filter) {
        let Some(texture) = self.scan_out.texture() else { return };
        let (key, corner) = ((self.dots, place.size, filter), (place.left, place.top));
        let WindowGpu { gpu, presenter, .. } = &*self.window;
        match &mut self.painted {
            Some((known, at, picture)) if *known == key => {
                if *at != corner {
                    picture.move_to(gpu, corner);
                    *at = corner;
                }
            }
            painted => {
                let scaler = Scaler::new(key.0, key.1, filter);
                *painted = Some((key, corner, Picture::new(gpu, presenter, texture, &scaler, corner)));
            }
        }
        if let Some((_, _, picture)) = &self.painted {
            ui.painter().add(picture.callback(presenter, rect));
        }
    }
}

impl Drop for OnGpu {
    fn drop(&mut self) {
        if let Some(id) = self.texture {
            self.window.renderer.write().free_texture(&id);
        }
    }
}

/// The picture made by the software renderer and handed over as a finished one.
#[derive(Default)]
struct InSoftware {
    dots: Vec<u8>,
    size: (u16, u16),
    /// The dots in the pixels of the window.
    pixels: Vec<u8>,
    scaler: Option<(ScalerKey, Scaler)>,
    texture: Option<TextureHandle>,
    /// What the texture holds: scaled so, or the dots themselves; none when it is out of date.
    uploaded: Option<Option<ScalerKey>>,
}

impl InSoftware {
    fn take(&mut self, frame: &Frame, display: Display) {
        frame.render(display, &mut self.dots);
        self.size = (frame.head().width, frame.head().height);
        self.uploaded = None;
    }

    fn upload_dots(&mut self, ctx: &Context) {
        if self.uploaded.is_none() && self.size.0 > 0 && self.size.1 > 0 {
            let size = [self.size.0, self.size.1].map(usize::from);
            set(&mut self.texture, ctx, ColorImage::from_rgba_premultiplied(size, &self.dots));
            self.uploaded = Some(None);
        }
    }

    fn paint(&mut self, ui: &Ui, place: &Pixels, rect: Rect, filter: Filter) {
        if self.size.0 == 0 || self.size.1 == 0 {
            return;
        }
        let key = (self.size, place.size, filter);
        if self.uploaded != Some(Some(key)) {
            self.upload_scaled(ui.ctx(), key);
        }
        if let Some(texture) = &self.texture {
            let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
            ui.painter().image(texture.id(), rect, whole, Color32::WHITE);
        }
    }

    fn upload_scaled(&mut self, ctx: &Context, key: ScalerKey) {
        if self.scaler.as_ref().is_none_or(|(known, _)| *known != key) {
            self.scaler = Some((key, Scaler::new(key.0, key.1, key.2)));
        }
        let Some((_, scaler)) = &self.scaler else { return };
        scaler.scale(&self.dots, self.size.0.into(), &mut self.pixels);
        let (width, height) = scaler.size();
        set(&mut self.texture, ctx, ColorImage::from_rgba_premultiplied([width, height], &self.pixels));
        self.uploaded = Some(Some(key));
    }
}

fn set(texture: &mut Option<TextureHandle>, ctx: &Context, image: ColorImage) {
    match texture {
        Some(texture) => texture.set(image, DOTS),
        None => *texture = Some(ctx.load_texture("guest screen", image, DOTS)),
    }
}
