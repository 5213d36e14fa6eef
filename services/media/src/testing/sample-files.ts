/** The beginnings of files of each type, and of some that only look like one. */
function text(value: string): Uint8Array {
  return Buffer.from(value, "latin1");
}

function iso(brand: string): Uint8Array {
  return text(`\0\0\0\u0018ftyp${brand}\0\0\0\0isommp42`);
}

export const SAMPLES: readonly (readonly [string, string, Uint8Array])[] = [
  ["png", "image/png", text("\u0089PNG\r\n\u001a\n\0\0\0\rIHDR")],
  ["jpeg", "image/jpeg", text("\u00ff\u00d8\u00ff\u00e0\0\u0010JFIF")],
  ["gif", "image/gif", text("GIF89a\u0001\0\u0001\0")],
  ["webp", "image/webp", text("RIFF\u0010\0\0\0WEBPVP8 ")],
  ["avif", "image/avif", iso("avif")],
  ["m4a", "audio/mp4", iso("M4A ")],
  ["mp4", "video/mp4", iso("isom")],
  ["webm", "video/webm", text("\u001a\u0045\u00df\u00a3\u009fB\u0086\u0081\u0001B\u0082\u0084webm")],
  ["opus", "audio/ogg", text(`OggS\0\u0002${"\0".repeat(22)}OpusHead`)],
  ["theora", "video/ogg", text(`OggS\0\u0002${"\0".repeat(22)}\u0080theora`)],
  ["wav", "audio/wav", text("RIFF\u0010\0\0\0WAVEfmt ")],
  ["mp3 with tags", "audio/mpeg", text("ID3\u0004\0\0")],
  ["mp3", "audio/mpeg", text("\u00ff\u00fb\u0090\u0064\0")],
  ["pdf", "application/pdf", text("%PDF-1.7\n")],
  ["zip", "application/zip", text("PK\u0003\u0004\u0014\0")],
  ["svg", "application/octet-stream", text("<svg xmlns='http://www.w3.org/2000/svg'/>")],
  ["html", "application/octet-stream", text("<!doctype html><script>alert(1)</script>")],
  ["matroska", "application/octet-stream", text("\u001a\u0045\u00df\u00a3\u009fB\u0082\u0088matroska")],
  ["quicktime", "application/octet-stream", iso("qt  ")],
  ["heic", "application/octet-stream", iso("heic")],
  ["zeros", "application/octet-stream", new Uint8Array(100)],
  ["aac", "application/octet-stream", text("\u00ff\u00f1\u0050\u0080")],
];
