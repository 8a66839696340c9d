//! `omnigen2 bench`.

mod args;
mod chart;
mod json;
mod machine;
mod table;

use indicatif::ProgressBar;
use omnigen2_bench::{
    Decoders, JointLayers, LayerTime, Need, Row, Setting, StepTime, Velocity, WholeAndLayers, choose,
    layers_of_step, seconds_of_step, whole_and_layers,
};
use omnigen2_pipeline::Precision;
use omnigen2_pipeline::pixels::Size;
use omnigen2_pipeline::weights::Storage;

use crate::console::print;
use crate::drawing::output;
use crate::failure::Failure;
use crate::work::Work;

pub(crate) use self::args::Args;
use self::args::Cases;
use self::machine::Machine;

/// The picture for which a whole network is held against its layers.
const CHECKED: Size = Size::new(512, 512);

/// What the command has to say.
struct Report {
    machine: Machine,
    /// How the checkpoint is called.
    checkpoint: String,
    /// Joint layers that a step is worth.
    layers: usize,
    rows: Vec<Row>,
    check: WholeAndLayers,
}

impl Report {
    fn choice(&self) -> Option<&Row> {
        choose(&self.rows)
    }
}

pub(crate) fn run(args: Args, work: Work<'_>) -> Result<(), Failure> {
    if let Some(path) = &args.plot {
        chart::check(path)?;
        output::check(path)?;
    }
    let (plot, is_json) = (args.plot.clone(), args.json);
    let report = report(args.cases(work)?, work)?;
    if let Some(path) = &plot {
        chart::write(&report.rows, path)?;
    }
    if is_json { print(json::json(&report)) } else { print(table::text(&report)) }
}

fn report(cases: Cases, work: Work<'_>) -> Result<Report, Failure> {
    let machine = Machine::of(&cases.chosen)?;
    let pieces = cases.settings.len() * (cases.sizes.len() + 2) + 1;
    let measuring = Measuring { cases: &cases, bar: work.console.steps(pieces), work };
    let mut rows = measuring.steps()?;
    measuring.replies(&mut rows)?;
    let check = measuring.check()?;
    measuring.bar.finish_and_clear();
    let layers = layers_of_step(&cases.checkpoint.dit_config()?);
    Ok(Report { machine, checkpoint: cases.name, layers, rows, check })
}

/// The measurements, each a piece that is waited for.
struct Measuring<'a> {
    cases: &'a Cases,
    bar: ProgressBar,
    work: Work<'a>,
}

impl Measuring<'_> {
    fn steps(&self) -> Result<Vec<Row>, Failure> {
        self.bar.set_message("making random weights");
        let layers = JointLayers::of(&self.cases.checkpoint, &self.cases.chosen.device)?;
        let exact = layers.exact()?.velocity(self.cases.first())?;
        self.cases.settings.iter().map(|&setting| self.row(&layers, &exact, setting)).collect()
    }

    /// All of a setting but its replies.
    fn row(&self, layers: &JointLayers, exact: &Velocity, setting: Setting) -> Result<Row, Failure> {
        let Cases { checkpoint, chosen, sizes, .. } = self.cases;
        let config = checkpoint.dit_config()?;
        self.bar.set_message(format!("{}, packing", setting.weights));
        let layer = layers.at(setting)?;
        let layer_error = layer.velocity(self.cases.first())?.error(exact);
        self.done()?;
        let mut steps = Vec::new();
        for &size in sizes {
            self.bar.set_message(format!("{}, {size}", setting.weights));
            let LayerTime { tokens, seconds } = layer.time(size)?;
            let step = seconds_of_step(&config, seconds);
            steps.push(StepTime { size, tokens, layer: seconds, step });
            self.done()?;
        }
        let last = sizes.last().copied().unwrap_or(CHECKED);
        let need = Need::of(checkpoint, setting, last, &chosen.device)?;
        Ok(Row { setting, layer_error, steps, tokens_per_second: 0.0, need })
    }

    fn replies(&self, rows: &mut [Row]) -> Result<(), Failure> {
        self.bar.set_message("making random weights");
        let decoders = Decoders::of(&self.cases.checkpoint, &self.cases.chosen.device)?;
        for row in rows {
            self.bar.set_message(format!("{}, a reply", row.setting.weights));
            row.tokens_per_second = decoders.time(row.setting)?.tokens_per_second();
            self.done()?;
        }
        Ok(())
    }

    fn check(&self) -> Result<WholeAndLayers, Failure> {
        self.bar.set_message("a whole small network");
        let setting = Setting { weights: Storage::F32, compute: Precision::Auto };
        let shapes = omnigen2_shapes::checkpoint();
        Ok(whole_and_layers(&shapes, setting, CHECKED, &self.cases.chosen.device)?)
    }

    fn done(&self) -> Result<(), Failure> {
        self.bar.inc(1);
        self.work.interrupt.check()
    }
}
