//! A command list on its way to the GPU.

use super::super::{Gpu, as_bytes};
use super::record::{Record, packed_color};
use super::sheet::{PALETTE_WORDS, Sheet, new_buffer};
use emu_core::hal::video::Rgb;
use wgpu::util::DeviceExt;
use wgpu::{BindGroup, BindGroupLayout, Buffer, BufferUsages, CommandEncoder, ComputePass, ComputePipeline};

/// Which program of `commands.wgsl` a step runs, by its place among the renderer's pipelines.
#[derive(Clone, Copy)]
pub enum Kernel {
    Draw,
    Line,
    Triangle,
}

/// What a step draws on and with.
#[derive(Clone, PartialEq)]
pub struct Onto {
    pub target: Buffer,
    pub source: Option<Buffer>,
    pub depth: Option<Buffer>,
}

impl Onto {
    pub fn only(sheet: &Sheet) -> Self {
        Self { target: sheet.buffer.clone(), source: None, depth: None }
    }
}

enum Step {
    Dispatch {
        kernel: Kernel,
        groups: (u32, u32),
        onto: Onto,
    },
    /// From the list's data, word for word, to a surface's beginning.
    Palette {
        from: u32,
        first: u32,
        count: u32,
        to: Buffer,
    },
    Copy {
        from: Buffer,
        to: Buffer,
    },
}

/// Steps, what they need, and one record for each dispatch in the same order.
#[derive(Default)]
pub struct List {
    steps: Vec<Step>,
    pub data: Vec<u32>,
    records: Vec<Record>,
}

/// A record's place among the others: what uniform buffers' offsets must be a multiple of.
const RECORD_BYTES: usize = 256;

impl List {
    /// A list is submitted before it outgrows what any device takes.
    const MAX_RECORDS: usize = 8192;
    const MAX_DATA: usize = 4 << 20;

    /// Whether to submit it before it takes another command.
    pub fn is_full(&self) -> bool {
        self.records.len() >= Self::MAX_RECORDS || self.data.len() >= Self::MAX_DATA
    }

    pub fn dispatch(&mut self, kernel: Kernel, record: Record, onto: Onto) {
        let (words, rows) = record.reach();
        let groups = match kernel {
            Kernel::Line => (words.div_ceil(64), 1),
            _ => (words.div_ceil(8), rows.div_ceil(8)),
        };
        self.records.push(record);
        self.steps.push(Step::Dispatch { kernel, groups, onto });
    }

    pub fn set_palette(&mut self, sheet: &Sheet, first: u8, colors: &[Rgb]) {
        let from = self.data.len() as u32;
        self.data.extend(colors.iter().map(|color| packed_color(*color)));
        let to = sheet.buffer.clone();
        self.steps.push(Step::Palette { from, first: first.into(), count: colors.len() as u32, to });
    }

    /// A copy of a surface as it is at this step.
    pub fn snapshot(&mut self, gpu: &Gpu, sheet: &Sheet) -> Buffer {
        let to = new_buffer(gpu, PALETTE_WORDS + sheet.pitch() * u32::from(sheet.height));
        self.steps.push(Step::Copy { from: sheet.buffer.clone(), to: to.clone() });
        to
    }

    /// Has all steps done, in order, and empties the list.
    pub fn submit(
        &mut self,
        gpu: &Gpu,
        kernels: &[ComputePipeline; 3],
        layout: &BindGroupLayout,
        nothing: &Buffer,
    ) {
        let Self { steps, data, records } = std::mem::take(self);
        if steps.is_empty() {
            return;
        }
        let init = |words: &[u32], usage| {
            let mut contents = as_bytes(words);
            contents.resize(contents.len().max(RECORD_BYTES), 0);
            let label = Some("drawing commands");
            gpu.device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
                label,
                contents: &contents,
                usage,
            })
        };
        let data = init(&data, BufferUsages::STORAGE | BufferUsages::COPY_SRC);
        let records: Vec<u32> = records.iter().flat_map(Record::words).collect();
        let records = init(&records, BufferUsages::UNIFORM);
        let buffers = Buffers { data: &data, records: &records, nothing, layout };
        let mut encoder = gpu.device.create_command_encoder(&Default::default());
        let mut number = 0;
        for steps in steps.chunk_by(|a, b| a.is_dispatch() && b.is_dispatch()) {
            if let [Step::Palette { .. } | Step::Copy { .. }] = steps {
                steps[0].copy(&mut encoder, &data);
                continue;
            }
            let mut pass = encoder.begin_compute_pass(&Default::default());
            let mut bound = None;
            for step in steps {
                buffers.dispatch(gpu, &mut pass, step, number, kernels, &mut bound);
                number += 1;
            }
        }
        gpu.queue.submit([encoder.finish()]);
    }
}

impl Step {
    fn is_dispatch(&self) -> bool {
        matches!(self, Self::Dispatch { .. })
    }

    fn copy(&self, encoder: &mut CommandEncoder, data: &Buffer) {
        match self {
            Self::Palette { from, first, count, to } if *count > 0 => encoder.copy_buffer_to_buffer(
                data,
                u64::from(*from) * 4,
                to,
                u64::from(*first) * 4,
                u64::from(*count) * 4,
            ),
            Self::Copy { from, to } => encoder.copy_buffer_to_buffer(from, 0, to, 0, to.size()),
            _ => {}
        }
    }
}

/// What all dispatches of a list have in common.
struct Buffers<'a> {
    data: &'a Buffer,
    records: &'a Buffer,
    nothing: &'a Buffer,
    layout: &'a BindGroupLayout,
}

impl Buffers<'_> {
    /// Runs the dispatch with record `number`. `bound` keeps the last bind group for dispatches on the same buffers.
    fn dispatch(
        &self,
        gpu: &Gpu,
        pass: &mut ComputePass<'_>,
        step: &Step,
        number: usize,
        kernels: &[ComputePipeline; 3],
        bound: &mut Option<(Onto, BindGroup)>,
    ) {
        let Step::Dispatch { kernel, groups, onto } = step else { return };
        if bound.as_ref().is_none_or(|(known, _)| known != onto) {
            *bound = Some((onto.clone(), self.bind_group(gpu, onto)));
        }
        let Some((_, bind_group)) = bound else { return };
        pass.set_pipeline(&kernels[*kernel as usize]);
        pass.set_bind_group(0, &*bind_group, &[(number * RECORD_BYTES) as u32]);
        pass.dispatch_workgroups(groups.0, groups.1, 1);
    }

    fn bind_group(&self, gpu: &Gpu, onto: &Onto) -> BindGroup {
        let record = wgpu::BufferBinding {
            buffer: self.records,
            offset: 0,
            size: wgpu::BufferSize::new(RECORD_BYTES as u64),
        };
        // A buffer must not stand in twice where it may be written.
        let source = onto.source.as_ref().unwrap_or(self.data);
        let depth = onto.depth.as_ref().unwrap_or(self.nothing);
        let resources = [
            wgpu::BindingResource::Buffer(record),
            self.data.as_entire_binding(),
            onto.target.as_entire_binding(),
            source.as_entire_binding(),
            depth.as_entire_binding(),
        ];
        let entries: Vec<_> = (0..)
            .zip(resources)
            .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource })
            .collect();
        let label = Some("drawing commands");
        let layout = self.layout;
        gpu.device.create_bind_group(&wgpu::BindGroupDescriptor { label, layout, entries: &entries })
    }
}
