//! Models from file to boxes: contracts, weights, ONNX Runtime, heads, and the pool that cameras share.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use sha2::{Digest, Sha256};
use simpang::base::class::Class;
use simpang::base::geom::FrameSize;
use simpang::base::time::{MediaTime, Stamp, WallTime};
use simpang::config::settings::{CameraDetectSettings, DetectorSettings, ExecutionProvider};
use simpang::decode::{Frame, I420};
use simpang::detect::{
    Contract, DetectError, Detection, Detector, Inference, InputTensor, Model, OnnxDetector, OutputTensor, Pool, Values,
};

use super::counting_allocator::allocations;
use super::onnx_maker::{Graph, Numbers, Output, Picture};

/// A model in a directory of its own: contract and weights.
pub(crate) struct TinyModel {
    directory: tempfile::TempDir,
    contract: String,
    weights: Vec<u8>,
}

impl TinyModel {
    /// 64×64 input; two boxes, a car and a person, in the layout of `head`.
    fn new(head: &str, names: &str, extra_input: &str, graph: Graph) -> Self {
        let (layout, element) = match graph.picture {
            Picture::U8 => ("nhwc", "u8"),
            Picture::F32 => ("nchw", "f32"),
        };
        let contract = format!(
            "name = \"tiny\"\nfile = \"tiny.onnx\"\nsha256 = \"SHA256\"\nlicence = \"CC0-1.0\"\n\
             [input]\nname = \"image\"\nwidth = 64\nheight = 64\nlayout = \"{layout}\"\nelement = \"{element}\"\n\
             colour = \"rgb\"\nfit = \"letterbox-top-left\"\n{extra_input}\n\
             [output]\nhead = \"{head}\"\nnames = {{ {names} }}\n\
             [classes]\nperson = [0]\ncar = [2]\n\
             [scores]\nkeep = 0.25\nsure = 0.3\nbegin = 0.4\n[nms]\nvehicle_iou = 0.5\nperson_iou = 0.5\n"
        );
        let directory = tempfile::tempdir().expect("temporary directory");
        Self { directory, contract, weights: graph.bytes() }
    }

    fn contract_path(&self) -> PathBuf {
        self.directory.path().join("tiny.toml")
    }

    /// Writes both files, with the right hash in the contract.
    pub(crate) fn write(&self) -> PathBuf {
        let hash: String = Sha256::digest(&self.weights).iter().map(|byte| format!("{byte:02x}")).collect();
        std::fs::write(self.directory.path().join("tiny.onnx"), &self.weights).expect("weights");
        std::fs::write(self.contract_path(), self.contract.replace("SHA256", &hash)).expect("contract");
        self.contract_path()
    }
}

fn ssd_graph() -> Graph {
    let boxes = vec![0.25, 0.125, 0.5, 0.5, 0.5, 0.5, 0.75, 0.5625, 0.0, 0.0, 1.0, 1.0];
    ssd_graph_of(boxes, vec![0.1, 0.0, 0.75, 0.5, 0.0, 0.0, 0.2, 0.9, 0.2])
}

/// Top, left, bottom, right of three boxes, and for each its scores as person, bicycle and car.
fn ssd_graph_of(boxes: Vec<f32>, scores: Vec<f32>) -> Graph {
    Graph {
        opset: 13,
        input: "image",
        picture: Picture::U8,
        shape: vec![1, 64, 64, 3],
        size_input: None,
        outputs: vec![
            Output { name: "boxes", shape: vec![1, 3, 4], numbers: Numbers::F32(boxes) },
            Output { name: "scores", shape: vec![1, 3, 3], numbers: Numbers::F32(scores) },
        ],
    }
}

pub(crate) fn ssd() -> TinyModel {
    TinyModel::new("ssd", "boxes = \"boxes\", scores = \"scores\"", "", ssd_graph())
}

/// Sees three people in every picture.
pub(crate) fn three_people() -> TinyModel {
    let boxes = vec![0.25, 0.125, 0.5, 0.25, 0.25, 0.4, 0.5, 0.525, 0.375, 0.7, 0.625, 0.825];
    let graph = ssd_graph_of(boxes, vec![0.75, 0.0, 0.1, 0.8, 0.0, 0.1, 0.9, 0.0, 0.1]);
    TinyModel::new("ssd", "boxes = \"boxes\", scores = \"scores\"", "", graph)
}

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn runtime_library() -> PathBuf {
    project("models/runtime/libonnxruntime.so")
}

fn settings(contract: &Path) -> DetectorSettings {
    DetectorSettings {
        model: Some(contract.to_path_buf()),
        runtime_library: runtime_library(),
        sessions: 1,
        threads_per_inference: 1,
        execution_providers: vec![ExecutionProvider::Cpu],
    }
}

fn camera(crops: usize) -> CameraDetectSettings {
    CameraDetectSettings { crops, min_score: None, classes: Class::ALL.to_vec() }
}

fn frame_of(size: FrameSize, number: u64, yuv: &[u8]) -> Frame {
    let (luma, chroma) = ((size.width * size.height) as usize, (size.width.div_ceil(2) * size.height.div_ceil(2)) as usize);
    let (u, v) = (luma..luma + chroma, luma + chroma..luma + 2 * chroma);
    let stamp = Stamp { media: MediaTime::from_secs_f64(number as f64 / 10.0), wall: WallTime::from_micros(0) };
    Frame::from_i420(stamp, 1, number, I420 { size, y: yuv[..luma].to_vec(), u: yuv[u].to_vec(), v: yuv[v].to_vec() })
}

fn grey(size: FrameSize, number: u64) -> Frame {
    frame_of(size, number, &vec![128; (size.width * size.height * 2) as usize])
}

fn found(pool: &Arc<Pool>, frame: &Frame) -> Vec<(Class, f32, [f32; 4])> {
    let mut out = vec![];
    OnnxDetector::new(Arc::clone(pool), &camera(0)).detect(frame, &[], &mut out).expect("runs");
    out.iter().map(|d| (d.class, d.score.get(), [d.rect.left, d.rect.top, d.rect.width, d.rect.height])).collect()
}

/// The car and the person of every tiny model, in pixels of a 128×96 picture: its long side fills the 64 columns of the input.
const CAR: [f32; 4] = [16.0, 32.0, 48.0, 32.0];
const PERSON: [f32; 4] = [64.0, 64.0, 8.0, 32.0];

#[test]
fn every_head_reads_its_layout_in_the_real_runtime() {
    let f32s = |name, shape: &[i64], values: Vec<f32>| Output { name, shape: shape.to_vec(), numbers: Numbers::F32(values) };
    let nchw = |outputs| Graph { picture: Picture::F32, shape: vec![1, 3, 64, 64], outputs, ..ssd_graph() };
    // Input pixels: car 8,16 24×16 and person 32,32 4×16.
    let corners = vec![16.0, 8.0, 32.0, 32.0, 32.0, 32.0, 48.0, 36.0, 0.0, 0.0, 9.0, 9.0];
    let classes = |numbers| Output { name: "class", shape: vec![1, 3], numbers };
    let efficientdet = |numbers| Graph {
        outputs: vec![f32s("boxes", &[1, 3, 4], corners.clone()), f32s("score", &[1, 3], vec![0.75, 0.5, 0.9]), classes(numbers)],
        ..ssd_graph()
    };
    // 8×8 + 4×4 + 2×2 cells; the car in cell (2, 3) of stride 8, the person in cell (2, 2) of stride 16.
    let mut yolox = vec![0.0; 84 * 8];
    yolox[26 * 8..][..8].copy_from_slice(&[0.5, 0.0, 3f32.ln(), 2f32.ln(), 0.8, 0.1, 0.0, 0.9375]);
    yolox[(64 + 10) * 8..][..8].copy_from_slice(&[0.125, 0.5, 0.25f32.ln(), 0.0, 1.0, 0.5, 0.0, 0.0]);
    let mut yolov8 = vec![0.0; 7 * 10];
    for (index, column) in [[20.0, 24.0, 24.0, 16.0, 0.1, 0.0, 0.75], [34.0, 40.0, 4.0, 16.0, 0.5, 0.0, 0.0]].iter().enumerate() {
        column.iter().enumerate().for_each(|(row, &value)| yolov8[row * 10 + 3 + index] = value);
    }
    let logits = vec![-9.0, -9.0, 3f32.ln(), 0.0, -9.0, -9.0, -9.0, 9.0, -9.0];
    let centred =
        vec![20.0 / 64.0, 24.0 / 64.0, 24.0 / 64.0, 16.0 / 64.0, 34.0 / 64.0, 40.0 / 64.0, 4.0 / 64.0, 16.0 / 64.0, 0.5, 0.5, 1.0, 1.0];
    let labels = Output { name: "labels", shape: vec![1, 2], numbers: Numbers::I64(vec![2, 0]) };
    let detr = Graph {
        size_input: Some("orig_target_sizes"),
        ..nchw(vec![
            labels,
            f32s("boxes", &[1, 2, 4], vec![8.0, 16.0, 32.0, 32.0, 32.0, 32.0, 36.0, 48.0]),
            f32s("scores", &[1, 2], vec![0.75, 0.5]),
        ])
    };
    let efficientdet_names = "boxes = \"boxes\", scores = \"score\", classes = \"class\"";
    let predictions = "predictions = \"out\"";
    for (case, head, names, input, graph) in [
        ("efficientdet i64", "efficientdet", efficientdet_names, "", efficientdet(Numbers::I64(vec![2, 0, 1]))),
        ("efficientdet i32", "efficientdet", efficientdet_names, "", efficientdet(Numbers::I32(vec![2, 0, -7]))),
        ("efficientdet f32", "efficientdet", efficientdet_names, "", efficientdet(Numbers::F32(vec![2.0, 0.0, 1e9]))),
        ("ssd", "ssd", "boxes = \"boxes\", scores = \"scores\"", "", ssd_graph()),
        ("yolox", "yolox", predictions, "", nchw(vec![f32s("out", &[1, 84, 8], yolox)])),
        ("yolov8", "yolov8", predictions, "scale = [0.0039, 0.0039, 0.0039]", nchw(vec![f32s("out", &[1, 7, 10], yolov8)])),
        (
            "detr raw",
            "detr",
            "logits = \"l\", boxes = \"b\"",
            "",
            nchw(vec![f32s("l", &[1, 3, 3], logits), f32s("b", &[1, 3, 4], centred)]),
        ),
        (
            "detr postprocessed",
            "detr",
            "labels = \"labels\", boxes = \"boxes\", scores = \"scores\"",
            "size_name = \"orig_target_sizes\"",
            detr,
        ),
    ] {
        let model = TinyModel::new(head, names, input, graph);
        let pool = Pool::open(&settings(&model.write())).unwrap_or_else(|e| panic!("{case}: {e}"));
        assert_eq!(found(&pool, &grey(FrameSize::new(128, 96), 1)), [(Class::Car, 0.75, CAR), (Class::Person, 0.5, PERSON)], "{case}");
    }
}

/// The sentence with the directory of the test taken out.
fn sentence(result: Result<Arc<Pool>, DetectError>, model: &TinyModel) -> String {
    let error = result.expect_err("must be refused").to_string();
    error.replace(&format!("{}/", model.directory.path().display()), "").replace(&format!("{}/", env!("CARGO_MANIFEST_DIR")), "")
}

#[test]
fn a_wrong_file_is_refused_with_a_sentence_that_says_what_to_do() {
    let model = ssd();
    let open = |model: &TinyModel| sentence(Pool::open(&settings(&model.contract_path())), model);
    assert_eq!(open(&model), "model contract tiny.toml: cannot be read; check the path in `detector.model`");

    model.write();
    std::fs::remove_file(model.directory.path().join("tiny.onnx")).expect("was there");
    assert_eq!(
        open(&model),
        "model `tiny`: tiny.onnx cannot be read; install the package again (from sources: models/install), or correct `file` in the contract"
    );

    std::fs::write(model.directory.path().join("tiny.onnx"), b"altered").expect("weights");
    let altered = open(&model);
    assert!(altered.starts_with("model `tiny`: tiny.onnx was altered: its sha256 is 4aa00915"), "{altered}");
    assert!(
        altered.ends_with("install the package again (from sources: models/install), or calibrate a contract for the new file"),
        "{altered}"
    );

    let contract = model.contract.replace("fit =", "fitt =");
    std::fs::write(model.contract_path(), contract).expect("contract");
    let unknown = open(&model);
    assert!(unknown.starts_with("model contract tiny.toml: TOML parse error at line 12, column 1"), "{unknown}");
    assert!(unknown.contains("unknown field `fitt`"), "{unknown}");
}

#[test]
fn a_graph_that_the_runtime_or_the_contract_does_not_know_is_refused() {
    let refused = |model: &TinyModel| sentence(Pool::open(&settings(&model.write())), model);
    let graph = |change: &dyn Fn(&mut Graph)| {
        let mut graph = ssd_graph();
        change(&mut graph);
        TinyModel { weights: graph.bytes(), ..ssd() }
    };
    let contract = |from: &str, to: &str| {
        let model = ssd();
        assert!(model.contract.contains(from));
        TinyModel { contract: model.contract.replace(from, to), ..model }
    };
    let boxes = |graph: &mut Graph| graph.outputs[0].shape = vec![1, 4, 3];
    for (model, says) in [
        (TinyModel { weights: b"not a model at all".to_vec(), ..ssd() }, "model `tiny`: ONNX Runtime does not accept tiny.onnx: "),
        (TinyModel { weights: vec![], ..ssd() }, "model `tiny`: ONNX Runtime does not accept tiny.onnx: "),
        (graph(&|graph| graph.opset = 99), "export it again as ONNX with operator set 21 or lower"),
        (graph(&|graph| graph.input = "images"), "input does not fit its contract: the graph has no input `image`, it has images; correct"),
        (graph(&|graph| graph.picture = Picture::F32), "`image` should hold u8, it holds f32"),
        (graph(&|graph| graph.shape = vec![1, 3, 64, 64]), "`image` should have shape [1, 64, 64, 3], it has [1, 3, 64, 64]"),
        (graph(&|graph| graph.size_input = Some("size")), "the graph also wants an input `size`, which the contract does not name"),
        (graph(&boxes), "output does not fit its contract: output `boxes` should have shape [1, any, 4], it has [1, 4, 3]; correct"),
        (contract("scores = \"scores\"", "scores = \"score\""), "the graph has no output `score`, it has boxes, scores"),
        (contract("scores = \"scores\"", "score = \"scores\""), "`output.names` has a part `score`, this head has boxes, scores"),
        (contract("car = [2]", "car = [3]"), "`classes` names number 3, but the model has 3 classes, counted from 0"),
    ] {
        let sentence = refused(&model);
        assert!(sentence.contains(says), "{sentence}");
    }
}

#[test]
fn a_missing_runtime_or_provider_is_said_and_never_replaced_silently() {
    let model = ssd();
    let path = model.write();
    let missing = DetectorSettings { runtime_library: project("models/runtime/nothing.so"), ..settings(&path) };
    assert_eq!(
        sentence(Pool::open(&missing), &model),
        "ONNX Runtime: there is no library at models/runtime/nothing.so; install the package again (from sources: models/install), or set `detector.runtime_library`"
    );
    let provider = DetectorSettings { execution_providers: vec![ExecutionProvider::Cuda, ExecutionProvider::Cpu], ..settings(&path) };
    let sentence = sentence(Pool::open(&provider), &model);
    assert!(sentence.starts_with("ONNX Runtime: models/runtime/libonnxruntime.so has no execution provider `cuda`: "), "{sentence}");
    assert!(sentence.ends_with("or point `detector.runtime_library` to a build that has it"), "{sentence}");
}

#[test]
fn two_models_and_many_copies_live_in_one_process() {
    let (first, second) = (ssd(), ssd());
    let several = DetectorSettings { sessions: 3, threads_per_inference: 2, ..settings(&first.write()) };
    let pools = [Pool::open(&several).expect("opens"), Pool::open(&settings(&second.write())).expect("opens")];
    let frame = grey(FrameSize::new(64, 64), 1);
    assert_eq!(found(&pools[0], &frame), found(&pools[1], &frame));
}

/// Frames `numbers` of the film that Debian's opencv-doc brings; `None`, loudly, where it is not installed.
fn vtest(numbers: std::ops::Range<usize>) -> Option<Vec<Frame>> {
    let film = Path::new("/usr/share/doc/opencv-doc/examples/data/vtest.avi");
    let size = FrameSize::new(768, 576);
    let bytes = (size.width * size.height * 3 / 2) as usize;
    let decoded = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(film)
        .args(["-frames:v", &numbers.end.to_string(), "-pix_fmt", "yuv420p", "-f", "rawvideo", "-"])
        .stderr(Stdio::null())
        .output();
    match decoded {
        Ok(output) if output.stdout.len() >= numbers.end * bytes => {
            Some(numbers.map(|number| frame_of(size, number as u64 + 1, &output.stdout[number * bytes..][..bytes])).collect())
        }
        _ => {
            eprintln!("NOT TESTED: {} or ffmpeg is not installed (make test installs opencv-doc and ffmpeg)", film.display());
            None
        }
    }
}

/// The shipped contract, unless its weights are not installed.
fn shipped(name: &str) -> Option<PathBuf> {
    let path = project("models").join(format!("{name}.toml"));
    if path.with_extension("onnx").exists() && runtime_library().exists() {
        return Some(path);
    }
    eprintln!("NOT TESTED: {name} is not installed (models/install)");
    None
}

#[test]
fn the_shipped_models_find_the_people_and_the_parked_cars_of_vtest() {
    for (name, people) in [("efficientdet-lite0", 5..=9), ("ssdlite-mobilenet-v2", 2..=9)] {
        let (Some(contract), Some(frames)) = (shipped(name), vtest(0..1)) else { continue };
        let pool = Pool::open(&settings(&contract)).expect("opens");
        let detections = found(&pool, &frames[0]);
        let persons = detections.iter().filter(|(class, ..)| *class == Class::Person).count();
        assert!(people.contains(&persons), "{name}: {persons} persons in {detections:?}");
        assert!(detections.iter().any(|(class, ..)| class.is_vehicle()), "{name}: {detections:?}");
    }
}

#[test]
fn one_and_four_threads_find_the_same() {
    for name in ["efficientdet-lite0", "ssdlite-mobilenet-v2"] {
        let (Some(contract), Some(frames)) = (shipped(name), vtest(0..6)) else { continue };
        let run = |threads_per_inference| -> Vec<Vec<Detection>> {
            let pool = Pool::open(&DetectorSettings { threads_per_inference, ..settings(&contract) }).expect("opens");
            let mut detector = OnnxDetector::new(pool, &camera(1));
            let detect = |frame| {
                let mut out = vec![];
                detector.detect(frame, &[], &mut out).expect("runs");
                out
            };
            frames.iter().map(detect).collect()
        };
        assert_eq!(run(1), run(4), "{name}");
    }
}

/// Answers at once what an SSD of three boxes would, and counts.
struct Stub {
    input: Vec<u8>,
    work: usize,
}

impl Inference for Stub {
    fn input(&mut self) -> InputTensor<'_> {
        InputTensor::U8(&mut self.input)
    }

    fn run(&mut self) -> Result<(), String> {
        // Long enough that others ask meanwhile.
        for _ in 0..self.work {
            std::hint::black_box(Sha256::digest(&self.input));
        }
        Ok(())
    }

    fn outputs(&self) -> usize {
        2
    }

    fn output_name(&self, index: usize) -> &str {
        ["boxes", "scores"][index]
    }

    fn output(&self, index: usize) -> OutputTensor<'_> {
        const BOXES: [f32; 12] = [0.25, 0.125, 0.5, 0.5, 0.5, 0.5, 0.75, 0.5625, 0.0, 0.0, 1.0, 1.0];
        const SCORES: [f32; 9] = [0.1, 0.0, 0.75, 0.5, 0.0, 0.0, 0.2, 0.9, 0.2];
        match index {
            0 => OutputTensor { shape: &[1, 3, 4], values: Values::F32(&BOXES) },
            _ => OutputTensor { shape: &[1, 3, 3], values: Values::F32(&SCORES) },
        }
    }
}

fn stub_pool(copies: usize, work: usize) -> Arc<Pool> {
    let contract = Contract::parse(&ssd().contract.replace("SHA256", &"0".repeat(64))).expect("good");
    let copies = (0..copies).map(|_| Box::new(Stub { input: vec![0; 64 * 64 * 3], work }) as Box<dyn Inference>).collect();
    Pool::with_copies(contract, copies).expect("fits")
}

/// Jain, Chiu and Hawe 1984: 1 when all have the same, 1/n when one has everything.
fn jain(shares: &[usize]) -> f64 {
    let sum: f64 = shares.iter().map(|&share| share as f64).sum();
    let squares: f64 = shares.iter().map(|&share| (share * share) as f64).sum();
    sum * sum / (shares.len() as f64 * squares)
}

#[test]
fn eight_cameras_that_want_more_than_there_is_get_the_same() {
    for copies in [1, 2] {
        let (pool, start, total) = (stub_pool(copies, 4), Barrier::new(8), AtomicUsize::new(0));
        let shares: Vec<usize> = std::thread::scope(|scope| {
            let cameras: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        let mut detector = OnnxDetector::new(Arc::clone(&pool), &camera(0));
                        let (frame, mut out, mut share) = (grey(FrameSize::new(64, 64), 1), vec![], 0);
                        start.wait();
                        while total.fetch_add(1, Ordering::Relaxed) < 4000 {
                            detector.detect(&frame, &[], &mut out).expect("stub runs");
                            share += 1;
                        }
                        share
                    })
                })
                .collect();
            cameras.into_iter().map(|camera| camera.join().expect("no panic")).collect()
        });
        assert!(jain(&shares) >= 0.98, "{copies} copies: {shares:?}");
    }
}

#[test]
fn a_camera_that_gives_up_does_not_keep_the_others_waiting() {
    struct Failing(Stub);
    impl Inference for Failing {
        fn input(&mut self) -> InputTensor<'_> {
            self.0.input()
        }
        fn run(&mut self) -> Result<(), String> {
            Err("out of memory".to_owned())
        }
        fn outputs(&self) -> usize {
            self.0.outputs()
        }
        fn output_name(&self, index: usize) -> &str {
            self.0.output_name(index)
        }
        fn output(&self, index: usize) -> OutputTensor<'_> {
            self.0.output(index)
        }
    }
    let contract = stub_pool(1, 0).model().clone();
    let pool = Pool::with_copies(contract, vec![Box::new(Failing(Stub { input: vec![0; 64 * 64 * 3], work: 0 }))]).expect("fits");
    let mut detector = OnnxDetector::new(pool, &camera(0));
    for _ in 0..3 {
        let error = detector.detect(&grey(FrameSize::new(64, 64), 1), &[], &mut vec![]).expect_err("fails");
        assert_eq!(error.to_string(), "model `tiny` failed on a frame: out of memory");
    }
}

#[test]
fn nothing_is_allocated_per_frame_once_warm() {
    let mut detector = OnnxDetector::new(stub_pool(1, 0), &camera(3));
    let size = FrameSize::new(640, 480);
    let frames: Vec<Frame> = (0..40).map(|number| grey(size, number)).collect();
    let (mut out, focus) = (vec![], [simpang::base::geom::Rect::new(300.0, 200.0, 20.0, 20.0)]);
    let (warm, measured) = frames.split_at(4);
    let mut detect = |frames: &[Frame]| {
        for frame in frames {
            detector.detect(frame, &focus, &mut out).expect("runs");
        }
    };
    detect(warm);
    let counted = allocations(|| detect(measured));
    assert!(!out.is_empty());
    assert_eq!(counted, 0);
}

#[test]
fn the_runtimes_call_allocates_a_fixed_small_number_of_times_on_our_side() {
    let Some(contract) = shipped("efficientdet-lite0") else { return };
    let mut detector = OnnxDetector::new(Pool::open(&settings(&contract)).expect("opens"), &camera(0));
    let frame = grey(FrameSize::new(640, 480), 1);
    let mut out = vec![];
    detector.detect(&frame, &[], &mut out).expect("runs");
    let counted = allocations(|| {
        for _ in 0..5 {
            detector.detect(&frame, &[], &mut out).expect("runs");
        }
    });
    println!("{} allocations a run inside the binding of ONNX Runtime", counted / 5);
    assert!(counted <= 5 * 16, "{counted} in 5 runs");
}

#[test]
fn a_model_is_loaded_once_its_hash_is_right() {
    let model = ssd();
    let loaded = Model::load(&model.write()).expect("loads");
    assert_eq!(loaded.weights(), model.weights);
    assert_eq!(loaded.contract().name, "tiny");
}
