// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;

/**
 * Writes images to a directory in the OCI image layout, which registries, skopeo, crane and umoci
 * read. The same files produce the same bytes: entries are sorted, and all timestamps are 0. Call
 * {@link #addImage} for each architecture, {@link #tag} for each tag, then {@link #finish}. Not
 * thread-safe.
 */
final class OciLayout {
  private static final String MEDIA = "application/vnd.oci.image.";
  private static final String CREATED = "1970-01-01T00:00:00Z";
  private static final String MARKER = "oci-layout";

  /** Sizes in the format ustar, in bytes. */
  private static final int BLOCK = 512;

  private static final int MAX_NAME = 100;
  private static final int MAX_PREFIX = 155;

  /** The user in CloudNativePG's images. A registry's policy may reject images that run as root. */
  private static final String USER = "65532:65532";

  /** A file that another file of the layout refers to. */
  private record Blob(String digest, long size) {
    /** Returns a reference as JSON. */
    String reference(String type, String more) {
      return "{\"mediaType\":%s,\"digest\":%s,\"size\":%d%s}"
          .formatted(quote(MEDIA + type), quote(digest), size, more);
    }
  }

  /** An image, and the size of its compressed layer in bytes. */
  record Image(String architecture, String manifest, long size) {}

  private final Path folder;
  private final Path blobs;
  private final List<String> tags = new ArrayList<>();

  /**
   * Creates an empty layout in a directory next to the final directory.
   *
   * @throws IllegalArgumentException if the final directory exists and contains something else
   */
  OciLayout(Path folder) throws IOException {
    this.folder = folder;
    if (Files.exists(folder) && !Files.isRegularFile(folder.resolve(MARKER))) {
      throw new IllegalArgumentException(
          folder
              + " exists, but is not an OCI layout. Remedy: remove it, or set"
              + " pg-extension.image.directory to another directory.");
    }
    FileTree.delete(unfinished());
    this.blobs = Files.createDirectories(unfinished().resolve("blobs/sha256"));
    Files.writeString(unfinished().resolve(MARKER), "{\"imageLayoutVersion\":\"1.0.0\"}");
  }

  private Path unfinished() {
    return folder.resolveSibling(folder.getFileName() + ".new");
  }

  /**
   * Adds an image with one layer.
   *
   * @param architecture the processor in the terms of OCI, e.g. {@code amd64}
   * @param files the contents of files by their paths. Files in {@code lib} and {@code system} are
   *     executable.
   * @throws IllegalArgumentException if a path is too long for the format ustar
   */
  Image addImage(
      String architecture, SortedMap<String, byte[]> files, SortedMap<String, String> labels)
      throws IOException {
    Path file = Files.createTempFile(blobs, "layer", "");
    MessageDigest compressed = Sha256.digest();
    MessageDigest tar = Sha256.digest();
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file));
        OutputStream gzip = new GZIPOutputStream(new DigestOutputStream(out, compressed), 1 << 16);
        OutputStream archive = new DigestOutputStream(gzip, tar)) {
      writeTar(archive, files);
    }
    Blob layer = new Blob(name(compressed.digest()), Files.size(file));
    move(file, layer);
    Blob config =
        blob(
            "{\"created\":%s,\"architecture\":%s,\"os\":\"linux\",\"config\":{\"User\":%s,\"Labels\":%s},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[%s]}}"
                .formatted(
                    quote(CREATED),
                    quote(architecture),
                    quote(USER),
                    json(labels),
                    quote(name(tar.digest()))));
    Blob manifest =
        blob(
            "{\"schemaVersion\":2,\"mediaType\":%s,\"config\":%s,\"layers\":[%s],\"annotations\":%s}"
                .formatted(
                    quote(MEDIA + "manifest.v1+json"),
                    config.reference("config.v1+json", ""),
                    layer.reference("layer.v1.tar+gzip", ""),
                    json(labels)));
    String platform =
        ",\"platform\":{\"architecture\":%s,\"os\":\"linux\"}".formatted(quote(architecture));
    return new Image(architecture, manifest.reference("manifest.v1+json", platform), layer.size());
  }

  /** Adds a tag for an index of images, one for each architecture. */
  void tag(String tag, List<Image> images, SortedMap<String, String> annotations)
      throws IOException {
    Blob index =
        blob(
            "{\"schemaVersion\":2,\"mediaType\":%s,\"manifests\":[%s],\"annotations\":%s}"
                .formatted(
                    quote(MEDIA + "index.v1+json"),
                    images.stream().map(Image::manifest).collect(Collectors.joining(",")),
                    json(annotations)));
    var name = new TreeMap<>(Map.of("org.opencontainers.image.ref.name", tag));
    tags.add(index.reference("index.v1+json", ",\"annotations\":" + json(name)));
  }

  /** Replaces the layout of an earlier build. */
  void finish() throws IOException {
    Files.writeString(
        unfinished().resolve("index.json"),
        "{\"schemaVersion\":2,\"mediaType\":%s,\"manifests\":[%s]}"
            .formatted(quote(MEDIA + "index.v1+json"), String.join(",", tags)));
    FileTree.delete(folder);
    Files.move(unfinished(), folder);
  }

  private Blob blob(String json) throws IOException {
    byte[] content = json.getBytes(StandardCharsets.UTF_8);
    Blob blob = new Blob("sha256:" + Sha256.hex(content), content.length);
    move(Files.write(Files.createTempFile(blobs, "json", ""), content), blob);
    return blob;
  }

  private void move(Path file, Blob blob) throws IOException {
    Path target = blobs.resolve(blob.digest.substring(blob.digest.indexOf(':') + 1));
    Files.move(file, target, StandardCopyOption.REPLACE_EXISTING);
    // temporary files are private, but the user of skopeo may be another
    target.toFile().setReadable(true, false);
  }

  private static void writeTar(OutputStream out, SortedMap<String, byte[]> files)
      throws IOException {
    var folders = new TreeSet<String>();
    for (String file : files.keySet()) {
      for (int i = file.indexOf('/'); i >= 0; i = file.indexOf('/', i + 1)) {
        folders.add(file.substring(0, i + 1));
      }
    }
    for (String each : folders) {
      out.write(header(each, 0755, 0, '5'));
    }
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      boolean library = file.getKey().startsWith("lib/") || file.getKey().startsWith("system/");
      byte[] content = file.getValue();
      out.write(header(file.getKey(), library ? 0755 : 0644, content.length, '0'));
      out.write(content);
      out.write(new byte[(BLOCK - content.length % BLOCK) % BLOCK]);
    }
    out.write(new byte[2 * BLOCK]);
  }

  /** Returns a header in the format ustar. Long paths are split into a prefix and a name. */
  private static byte[] header(String path, int mode, int size, char type) {
    byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
    int cut = -1;
    if (bytes.length > MAX_NAME) {
      cut = bytes.length - MAX_NAME - 1;
      while (cut < bytes.length && bytes[cut] != '/') {
        cut++;
      }
      if (cut >= bytes.length - 1 || cut > MAX_PREFIX) {
        throw new IllegalArgumentException(
            path + " is too long for an image. Remedy: use a name with at most 100 bytes.");
      }
    }
    byte[] header = new byte[BLOCK];
    put(header, 0, Arrays.copyOfRange(bytes, cut + 1, bytes.length));
    put(header, 100, octal(mode, 7));
    put(header, 108, octal(0, 7));
    put(header, 116, octal(0, 7));
    put(header, 124, octal(size, 11));
    put(header, 136, octal(0, 11));
    // the checksum counts its own field as blanks
    put(header, 148, "        ".getBytes(StandardCharsets.US_ASCII));
    header[156] = (byte) type;
    put(header, 257, "ustar\00000".getBytes(StandardCharsets.US_ASCII));
    put(header, 345, Arrays.copyOfRange(bytes, 0, Math.max(cut, 0)));
    int sum = 0;
    for (byte each : header) {
      sum += each & 0xff;
    }
    put(header, 148, octal(sum, 6));
    header[154] = 0;
    return header;
  }

  private static byte[] octal(int number, int digits) {
    String text = Integer.toOctalString(number);
    return ("0".repeat(digits - text.length()) + text).getBytes(StandardCharsets.US_ASCII);
  }

  private static void put(byte[] header, int at, byte[] value) {
    System.arraycopy(value, 0, header, at, value.length);
  }

  private static String json(SortedMap<String, String> map) {
    return map.entrySet().stream()
        .map(each -> quote(each.getKey()) + ":" + quote(each.getValue()))
        .collect(Collectors.joining(",", "{", "}"));
  }

  private static String quote(String text) {
    var quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char each = text.charAt(i);
      if (each == '"' || each == '\\') {
        quoted.append('\\').append(each);
      } else if (each < ' ') {
        quoted.append("\\u00").append(HexFormat.of().toHexDigits((byte) each));
      } else {
        quoted.append(each);
      }
    }
    return quoted.append('"').toString();
  }

  private static String name(byte[] hash) {
    return "sha256:" + HexFormat.of().formatHex(hash);
  }
}
