//! The only place that names OpenCV.
