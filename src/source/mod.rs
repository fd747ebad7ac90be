//! Where pictures come from: cameras over RTSP, recorded files, a drawn scene.
//!
//! [`feed::CameraFeed`] is the live camera of the agent; [`file::FileFrames`] is a film read as fast as it decodes.

pub mod address;
pub mod backlog;
pub mod blank;
pub mod fault;
pub mod feed;
pub mod feed_status;
pub mod file;
pub mod gate;
pub mod junction;
mod live;
mod receive_buffer;
pub mod rtsp;
pub mod simulated;
pub mod timeline;
