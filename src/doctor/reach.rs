//! From what was tried to findings: model, broker, cameras.

use std::error::Error;

use super::indonesian::indonesian;
use super::trial::{FirstPicture, ModelRun, NoPicture, is_drawn};
use super::{Finding, What};
use crate::base::elf::Machine;
use crate::config::settings::{CameraSettings, MqttSettings};
use crate::detect::DetectError;
use crate::outbox::Cause;
use crate::source::fault::SourceError;

pub(super) fn processor(machine: Machine) -> Finding {
    Finding::good(
        What::Processor,
        format!("program untuk {machine}, sesuai kotak ini"),
        format!("the program is for {machine}, as this box is"),
    )
}

pub(super) fn model(tried: &Result<Option<ModelRun>, DetectError>) -> Finding {
    match tried {
        Ok(None) => Finding::good(What::Model, "tidak diperlukan, semua kamera digambar", "none is needed, all cameras are drawn"),
        Ok(Some(ModelRun { name, took })) => {
            let milliseconds = took.as_millis();
            Finding::good(
                What::Model,
                format!("`{name}` berjalan, {milliseconds} ms waktu prosesor per gambar"),
                format!("`{name}` runs, {milliseconds} ms of processor time a picture"),
            )
        }
        Err(error) => model_error(What::Model, error),
    }
}

pub(super) fn model_error(what: What, error: &DetectError) -> Finding {
    Finding::broken(what, model_error_in_indonesian(error), with_causes(error))
}

fn model_error_in_indonesian(error: &DetectError) -> String {
    match error {
        DetectError::NoModel => "model belum dipilih; isi `detector.model`, misalnya models/efficientdet-lite0.toml".into(),
        DetectError::ContractUnreadable { path, .. } => {
            format!("uraian model `{}` tidak dapat dibaca; periksa jalur `detector.model`", path.display())
        }
        DetectError::ContractInvalid { path, detail } => {
            format!("uraian model `{}` salah ({detail}); betulkan menurut models/README.md", path.display())
        }
        DetectError::ModelMissing { model, path, .. } => {
            format!("berkas model `{model}` tidak ada di `{}`; pasang lagi paketnya (dari sumber: models/install)", path.display())
        }
        DetectError::ModelAltered { model, path, .. } => {
            format!(
                "berkas model `{model}` di `{}` rusak atau berubah (sha256 lain); pasang lagi paketnya (dari sumber: models/install)",
                path.display()
            )
        }
        DetectError::RuntimeMissing { path } => {
            format!("pustaka ONNX Runtime tidak ada di `{}`; pasang lagi paketnya (dari sumber: models/install runtime)", path.display())
        }
        DetectError::RuntimeForAnotherProcessor { path, built_for, ours } => format!(
            "pustaka ONNX Runtime `{}` untuk {built_for}, sedangkan program ini untuk {ours}; pasang paket untuk kotak ini (dari sumber: models/install runtime)",
            path.display()
        ),
        DetectError::RuntimeUnusable { path, detail } => format!(
            "pustaka ONNX Runtime `{}` tidak dapat dipakai ({detail}); perlu versi 1.24 atau lebih baru, pasang lagi paketnya (dari sumber: models/install runtime)",
            path.display()
        ),
        DetectError::ProviderMissing { provider, library, .. } => {
            format!("pustaka `{}` tidak mengenal pemercepat `{provider}`; hapus dari `detector.execution_providers`", library.display())
        }
        DetectError::ModelRefused { model, path, detail } => {
            format!(
                "ONNX Runtime menolak model `{model}` di `{}` ({detail}); ekspor lagi dengan operator set 21 atau kurang",
                path.display()
            )
        }
        DetectError::Mismatch { model, detail, .. } => {
            format!("model `{model}` tidak cocok dengan uraiannya ({detail}); betulkan uraian atau ekspor lagi")
        }
        DetectError::Run { model, detail } => {
            format!("model `{model}` gagal pada gambar percobaan ({detail}); periksa memori dengan `free -h`")
        }
    }
}

pub(super) fn broker(mqtt: &MqttSettings, greeted: Result<(), Cause>) -> Finding {
    let at = format!("{}:{}", mqtt.host, mqtt.port);
    match greeted {
        Ok(()) => Finding::good(What::Broker, format!("{at} menerima kotak ini"), format!("{at} lets this box in")),
        Err(cause) => {
            Finding::broken(What::Broker, format!("{at}: {}", cause_in_indonesian(&cause)), format!("{at}: {cause}; {}", cause.hint()))
        }
    }
}

/// The files for the encrypted connection cannot be used at all.
pub(super) fn broker_files(cause: &Cause) -> Finding {
    Finding::broken(What::Certificate, cause_in_indonesian(cause), format!("{cause}; {}", cause.hint()))
}

fn cause_in_indonesian(cause: &Cause) -> String {
    format!("{}; {}", indonesian(&cause.to_string()), indonesian(cause.hint()))
}

pub(super) fn camera(camera: &CameraSettings, picture: Result<FirstPicture, NoPicture>) -> Finding {
    let what = What::Camera(camera.id.clone());
    match picture {
        Ok(FirstPicture { size, .. }) if is_drawn(camera) => {
            Finding::good(what, format!("gambar rekaan, {size}"), format!("drawn, {size}"))
        }
        Ok(FirstPicture { size, codec }) => {
            Finding::good(what, format!("gambar diterima, {size} {codec}"), format!("picture received, {size} {codec}"))
        }
        Err(error) => Finding::broken(what, no_picture_in_indonesian(&error), with_causes(&error)),
    }
}

fn no_picture_in_indonesian(error: &NoPicture) -> String {
    match error {
        NoPicture::Fault(fault) => format!("{}; {}", indonesian(&fault.to_string()), indonesian(fault.hint())),
        NoPicture::Silent => "tidak ada gambar dalam 15 detik; periksa kamera itu sendiri dengan `simpang probe`".into(),
        NoPicture::Source(SourceError::NoFile { path, .. }) => {
            format!("film `{}` tidak dapat dibuka; periksa jalurnya dan hak bacanya", path.display())
        }
        NoPicture::Source(SourceError::NotAFilm { path, .. } | SourceError::CutOff { path, .. }) => {
            format!("`{}` bukan film yang utuh; coba putar dengan ffplay, lalu salin lagi", path.display())
        }
        NoPicture::Source(SourceError::NoThread { .. }) | NoPicture::Runtime(_) => {
            "sistem menolak utas baru; periksa batas proses (`ulimit -a`)".into()
        }
    }
}

/// An error with the causes behind it on one line.
fn with_causes(error: &dyn Error) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}
