// SPDX-License-Identifier: MIT
package io.pghello.cli.system;

import io.pghello.cli.output.Failure;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

/** Reads and writes properties files. */
public final class PropertiesFile {
  private PropertiesFile() {}

  public static Properties load(Path file) {
    var properties = new Properties();
    try (Reader reader = Files.newBufferedReader(file)) {
      properties.load(reader);
      return properties;
    } catch (IOException e) {
      throw Failure.critical("cannot read " + file + ": " + Failure.reason(e));
    } catch (IllegalArgumentException e) {
      throw Failure.critical("cannot read " + file + ": " + e.getMessage());
    }
  }

  /** Writes properties to a new file that only its owner can change. */
  public static void store(Properties properties, Path file) throws IOException {
    try (Writer writer = Files.newBufferedWriter(Directories.createFile(file, "rw-r--r--"))) {
      properties.store(writer, null);
    }
  }
}
