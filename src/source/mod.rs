//! Where pictures come from: cameras over RTSP, recorded files, a drawn scene.
