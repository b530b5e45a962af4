// SPDX-License-Identifier: MIT
package io.pghello;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.batching.BatchedFunction;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postgresql.Driver;

/** Loads the client from jars of different versions. */
class MixedVersionsTest {
  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({"0.2.0, 0.1.0, pg-extension-batching", "0.1.0, 0.2.0, pg-extension-binding"})
  void clientRejectsArtifactsOfAnotherRelease(String batching, String binding, String wrong) {
    assertThatThrownBy(() -> buildClient("0.1.0", batching, binding))
        .hasRootCauseInstanceOf(IllegalStateException.class)
        .rootCause()
        .hasMessage(
            "pg-hello-core 0.1.0 needs %s 0.1.0, but the class path contains version 0.2.0. Use the"
                + " same version of all artifacts, for example with pg-hello-bom.",
            wrong);
  }

  @Test
  void clientAcceptsArtifactsOfOneRelease() throws Exception {
    assertThat(buildClient("0.2.0", "0.2.0", "0.2.0")).hasToString("ClientBuilder");
  }

  /** Calls {@code PgHelloClient.builder()}, and returns the name of the result's class. */
  private String buildClient(String core, String batching, String binding) throws Exception {
    var jars = new ArrayList<URL>();
    jars.add(jar("core", core, PgHelloClient.class));
    jars.add(jar("batching", batching, BatchedFunction.class));
    jars.add(jar("binding", binding, ExtensionDescription.class));
    for (Class<?> library : List.of(Driver.class, HikariConfig.class)) {
      jars.add(location(library));
    }
    try (var loader =
        new URLClassLoader(jars.toArray(URL[]::new), ClassLoader.getPlatformClassLoader())) {
      Object builder =
          loader.loadClass(PgHelloClient.class.getName()).getMethod("builder").invoke(null);
      return builder.getClass().getSimpleName();
    } catch (InvocationTargetException e) {
      throw new IllegalArgumentException(e.getCause());
    }
  }

  /** Packs the classes of a type's artifact into a jar with a version. */
  private URL jar(String name, String version, Class<?> type) throws Exception {
    var manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().put(Attributes.Name.IMPLEMENTATION_VERSION, version);
    Path jar = directory.resolve(name + ".jar");
    Path classes = Path.of(location(type).toURI());
    try (OutputStream file = Files.newOutputStream(jar);
        var target = new JarOutputStream(file, manifest)) {
      if (Files.isDirectory(classes)) {
        pack(classes, target);
      } else {
        try (FileSystem source = FileSystems.newFileSystem(classes)) {
          pack(source.getPath("/"), target);
        }
      }
    }
    return jar.toUri().toURL();
  }

  private static void pack(Path root, JarOutputStream target) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.filter(path -> path.toString().endsWith(".class")).toList()) {
        target.putNextEntry(new ZipEntry(root.relativize(file).toString().replace('\\', '/')));
        Files.copy(file, target);
      }
    }
  }

  private static URL location(Class<?> type) {
    return type.getProtectionDomain().getCodeSource().getLocation();
  }
}
