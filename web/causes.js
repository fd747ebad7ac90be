// Causes and hints come from the agent in English, as in its log; here is what a reader of the page sees in Indonesian.
"use strict";

// The agent's tests hold this list to the causes that there are.
const causes = [
  // cameras
  [/^its host name is unknown$/, "nama hos tidak dikenal"],
  [/^connection refused$/, "koneksi ditolak"],
  [/^its host cannot be reached$/, "hos tidak terjangkau"],
  [/^no answer to the name lookup within (.+) s$/, "server nama tidak menjawab dalam $1 detik"],
  [/^no answer to (.+) within (.+) s$/, "tidak ada jawaban atas $1 dalam $2 detik"],
  [/^it refuses user or password \(401\)$/, "nama pengguna atau kata sandi ditolak (401)"],
  [/^it has no stream at this path \(404\)$/, "tidak ada aliran gambar di alamat ini (404)"],
  [/^it answered with status (.+)$/, "kamera menjawab dengan status $1"],
  [/^its picture format (.+) is not supported$/, "format gambar $1 tidak didukung"],
  [/^it offers no picture stream$/, "kamera tidak menawarkan aliran gambar"],
  [/^no key frame within (.+) s$/, "tidak ada key frame dalam $1 detik"],
  [/^no picture for (.+) s$/, "tidak ada gambar selama $1 detik"],
  [/^it closed the connection$/, "kamera menutup koneksi"],
  [/^the conversation failed: (.+)$/, "percakapan dengan kamera gagal: $1"],
  // what to do about a camera
  [/^check the host name in the camera's url, or use its address$/, "periksa nama hos di url kamera, atau pakai alamat IP-nya"],
  [/^check the port \(usually 554\) and that RTSP is switched on in the camera$/, "periksa port (biasanya 554) dan apakah RTSP diaktifkan di kamera"],
  [/^check that the camera has power and that this box has a route to its network$/, "periksa listrik kamera dan jalur jaringan dari kotak ini"],
  [/^check the name server of this box, or use the camera's address$/, "periksa server nama kotak ini, atau pakai alamat IP kamera"],
  [/^check the camera's address and power; a camera that hangs needs a restart$/, "periksa alamat dan listrik kamera; kamera yang macet perlu dinyalakan ulang"],
  [/^set user and password of an account that may view the stream$/, "isi nama pengguna dan kata sandi akun yang boleh melihat gambar"],
  [/^check the path in the url: each maker has its own, see the camera's manual or its ONVIF page$/, "periksa jalur di url: tiap merek berbeda, lihat buku petunjuk atau halaman ONVIF kamera"],
  [/^the camera refuses this transport: set `transport` to the other one$/, "kamera menolak cara kirim ini: ganti `transport` dengan yang lain"],
  [/^give the account the right to view the stream$/, "beri akun itu hak melihat gambar"],
  [/^the camera is busy: close other viewers or use its second stream$/, "kamera sibuk: tutup penonton lain atau pakai aliran kedua"],
  [/^look the status up in the camera's log; a restart of the camera often helps$/, "cari status itu di log kamera; menyalakan ulang kamera sering membantu"],
  [/^set the camera's encoder to H\.264 or H\.265$/, "setel penyandi kamera ke H.264 atau H.265"],
  [/^check that the path leads to a picture stream, not to sound or metadata$/, "pastikan jalur menuju aliran gambar, bukan suara atau metadata"],
  [/^set the camera's key-frame interval \(I-frame interval, GOP\) to 2 s$/, "setel jarak key frame (I-frame, GOP) kamera ke 2 detik"],
  [/^check the network between camera and box; with udp, try `transport = "tcp"`$/, "periksa jaringan antara kamera dan kotak; dengan udp, coba `transport = \"tcp\"`"],
  [/^if this repeats, the camera restarts or allows too few viewers$/, "jika berulang, kamera sering hidup ulang atau membatasi penonton"],
  [/^update the camera's firmware; with udp, try `transport = "tcp"`$/, "perbarui firmware kamera; dengan udp, coba `transport = \"tcp\"`"],
  [/^set the camera's encoder to H\.264 main profile, 8 bit$/, "setel penyandi kamera ke H.264 main profile, 8 bit"],
  // the camera's view
  [/^the camera looks elsewhere$/, "kamera menghadap ke tempat lain"],
  [/^the camera was moved, its picture lies (.+)$/, "kamera bergeser, isi gambar berpindah $1"],
  [/^something covers the view$/, "pandangan terhalang sesuatu"],
  [/^the picture is blurred$/, "gambar buram"],
  [/^the picture is dark$/, "gambar gelap"],
  [/^the same picture comes again and again$/, "gambar yang sama terus berulang"],
  [/^turn it back to its place, or draw lines and zones anew for this view and start the agent again$/, "kembalikan arah kamera, atau gambar ulang garis dan zona untuk pandangan ini lalu mulai ulang agen"],
  [/^see what is in front of the camera$/, "periksa apa yang ada di depan kamera"],
  [/^clean the glass, look at the focus$/, "bersihkan kaca, periksa fokus"],
  [/^look at lamps, infrared light and exposure$/, "periksa lampu, inframerah, dan pencahayaan kamera"],
  [/^restart the camera$/, "nyalakan ulang kamera"],
  // the command center's broker
  [/^not connected yet$/, "belum tersambung"],
  [/^host name not known$/, "nama hos tidak dikenal"],
  [/^host not reachable$/, "hos tidak terjangkau"],
  [/^no answer in time$/, "tidak ada jawaban"],
  [/^connected, but nothing is acknowledged$/, "tersambung, tetapi tidak ada yang dikonfirmasi"],
  [/^connection closed by the other side$/, "koneksi ditutup dari sana"],
  [/^the broker closes every connection after a moment$/, "broker menutup setiap koneksi setelah sesaat"],
  [/^the broker's certificate is not signed by a trusted authority$/, "sertifikat broker tidak dipercaya"],
  [/^the broker's certificate is for another host name$/, "sertifikat broker untuk nama hos lain"],
  [/^the broker's certificate is not valid at this time$/, "sertifikat broker tidak berlaku saat ini"],
  [/^the broker asks for a client certificate and does not take ours$/, "broker meminta sertifikat dan tidak menerima milik kotak ini"],
  [/^user or password is wrong$/, "nama pengguna atau kata sandi salah"],
  [/^the broker does not let this user in$/, "broker tidak mengizinkan pengguna ini"],
  [/^another client connected with the same client id$/, "klien lain tersambung dengan client id yang sama"],
  [/^the broker broke off: (.+)$/, "broker memutus: $1"],
  [/^outbox: disk full; (.+)$/, "disk penuh: kosongkan ruang, atau kecilkan `outbox.max_mb`"],
];

/** The agent's words in the language of the page. */
function inLanguage(language, words) {
  const known = language === "id" ? causes.find(([pattern]) => pattern.test(words)) : undefined;
  return known ? words.replace(known[0], known[1]) : words;
}
