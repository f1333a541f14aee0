//! Drawing commands on the GPU: surfaces as buffers, and each command as a dispatch of `commands.wgsl`.
//!
//! A list is first written down as steps, with the data of all of them in one buffer and their parameters in
//! another; then it is submitted at once. A list with more than fits is submitted in parts.

mod list;
mod record;
mod sheet;

use super::{Gpu, buffer_entry};
use emu_core::hal::video::command::{Area, Command, CommandList, PixelCopy, Renderer, TriangleState, Vertex};
use emu_core::hal::video::{Rect, SoftwareRenderer, Surface, SurfaceId};
use list::{Kernel, List, Onto};
use record::Record;
use sheet::Sheet;
use std::collections::BTreeMap;
use wgpu::{BindGroupLayout, BufferBindingType, ComputePipeline, ShaderStages};

/// Draws command lists on the GPU.
pub struct GpuRenderer {
    gpu: Gpu,
    kernels: [ComputePipeline; 3],
    layout: BindGroupLayout,
    surfaces: BTreeMap<SurfaceId, Sheet>,
    /// Stands in for a surface that a command does not have.
    nothing: wgpu::Buffer,
}

impl GpuRenderer {
    pub fn new(gpu: Gpu) -> Self {
        let module = gpu.shader(
            "drawing commands",
            &[
                include_str!("../../../../assets/shaders/wide.wgsl"),
                include_str!("../../../../assets/shaders/formats.wgsl"),
                include_str!("../../../../assets/shaders/cells.wgsl"),
                include_str!("../../../../assets/shaders/commands.wgsl"),
                include_str!("../../../../assets/shaders/triangles.wgsl"),
            ],
        );
        let entry = |binding, ty| buffer_entry(binding, ShaderStages::COMPUTE, ty);
        let [read, write] = [true, false].map(|read_only| BufferBindingType::Storage { read_only });
        let layout = gpu.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("drawing commands"),
            entries: &[
                entry(0, BufferBindingType::Uniform),
                entry(1, read),
                entry(2, write),
                entry(3, read),
                entry(4, write),
            ],
        });
        let pipeline_layout = gpu.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("drawing commands"),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let kernels = ["draw", "line", "triangle"].map(|entry_point| {
            gpu.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(entry_point),
                layout: Some(&pipeline_layout),
                module: &module,
                entry_point: Some(entry_point),
                compilation_options: Default::default(),
                cache: None,
            })
        });
        let nothing = sheet::new_buffer(&gpu, 4);
        Self { gpu, kernels, layout, surfaces: BTreeMap::new(), nothing }
    }

    fn draw(&mut self, list: &mut List, command: &Command) {
        match command {
            Command::Create { surface, format, width, height } => {
                self.surfaces.remove(surface);
                let used: usize = self.surfaces.values().map(Sheet::bytes).sum();
                if used + Surface::bytes_of(*format, *width, *height) <= SoftwareRenderer::MAX_BYTES {
                    self.surfaces.insert(*surface, Sheet::new(&self.gpu, *format, *width, *height));
                }
            }
            Command::Destroy { surface } => drop(self.surfaces.remove(surface)),
            Command::SetPalette { surface, first, colors } => {
                let Some(sheet) = self.surfaces.get(surface).filter(|sheet| sheet.format.is_indexed()) else {
                    return;
                };
                let colors = &colors[..colors.len().min(256 - usize::from(*first))];
                list.set_palette(sheet, *first, colors);
            }
            Command::Upload { surface, area, data } => {
                self.onto(list, *surface, |sheet, list| record::upload(sheet, *area, data, list));
            }
            Command::Fill { surface, area, value } => {
                self.onto(list, *surface, |sheet, _| record::fill(sheet, *area, *value));
            }
            Command::Blit { copy, to } => {
                let area = Area { at: *to, width: copy.source.width, height: copy.source.height };
                self.copy(list, copy, area);
            }
            Command::StretchBlit { copy, to } => self.copy(list, copy, *to),
            Command::Line { surface, from, to, value } => {
                let Some(sheet) = self.surfaces.get(surface) else { return };
                if let Some(record) = record::line(sheet, *from, *to, *value) {
                    list.dispatch(Kernel::Line, record, Onto::only(sheet));
                }
            }
            Command::Text(grid) => {
                self.onto(list, grid.surface, |sheet, list| record::text(sheet, grid, list));
            }
            Command::Triangles { state, vertices } => self.triangles(list, state, vertices),
        }
    }

    fn onto(
        &self,
        list: &mut List,
        surface: SurfaceId,
        record: impl FnOnce(&Sheet, &mut List) -> Option<Record>,
    ) {
        let Some(sheet) = self.surfaces.get(&surface) else { return };
        if let Some(record) = record(sheet, list) {
            list.dispatch(Kernel::Draw, record, Onto::only(sheet));
        }
    }

    fn copy(&self, list: &mut List, copy: &PixelCopy, to: Area) {
        let (Some(from), Some(onto)) = (self.surfaces.get(&copy.from), self.surfaces.get(&copy.to)) else {
            return;
        };
        let Some(record) = record::copy(from, onto, copy, to) else { return };
        // The source is read whole before the target is written.
        let source = if copy.from == copy.to { list.snapshot(&self.gpu, from) } else { from.buffer.clone() };
        list.dispatch(Kernel::Draw, record, Onto { source: Some(source), ..Onto::only(onto) });
    }

    fn triangles(&self, list: &mut List, state: &TriangleState, vertices: &[Vertex]) {
        let Some(target) = self.surfaces.get(&state.target).filter(|sheet| sheet.format.is_direct()) else {
            return;
        };
        let depth = match state.depth {
            Some(depth) => match self.surfaces.get(&depth.surface) {
                Some(sheet) if sheet.is_depth() => Some(sheet),
                _ => return,
            },
            None => None,
        };
        let texture = state.texture.and_then(|texture| self.surfaces.get(&texture.surface));
        let source = texture.map(|sheet| {
            let is_drawn_on = state.texture.is_some_and(|texture| state.draws_on(texture.surface));
            if is_drawn_on { list.snapshot(&self.gpu, sheet) } else { sheet.buffer.clone() }
        });
        let onto = Onto { source, depth: depth.map(|sheet| sheet.buffer.clone()), ..Onto::only(target) };
        for corners in vertices.as_chunks::<3>().0 {
            if let Some(record) = record::triangle(target, texture, depth, state, *corners) {
                list.dispatch(Kernel::Triangle, record, onto.clone());
            }
            if list.is_full() {
                self.submit(list);
            }
        }
    }

    fn submit(&self, list: &mut List) {
        list.submit(&self.gpu, &self.kernels, &self.layout, &self.nothing);
    }
}

impl Renderer for GpuRenderer {
    fn execute(&mut self, commands: &CommandList) {
        let mut list = List::default();
        for command in &commands.commands {
            self.draw(&mut list, command);
            if list.is_full() {
                self.submit(&mut list);
            }
        }
        self.submit(&mut list);
    }

    /// Reads pixels back; zeroes if the device is lost.
    fn read(&mut self, surface: SurfaceId, area: Rect) -> Vec<u8> {
        self.surfaces.get(&surface).map(|sheet| sheet.read(&self.gpu, area)).unwrap_or_default()
    }
}
