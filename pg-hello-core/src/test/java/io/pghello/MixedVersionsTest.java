// SPDX-License-Identifier: MIT
package io.pghello;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

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
  private static final String GROUP = "io.github.pg-hello:";

  @TempDir Path directory;
  private String group = GROUP;

  @ParameterizedTest
  @CsvSource({
    "0.1.1, 0.1.0, 0.1.0, pg-extension-batching",
    "0.1.1, 0.1.1, 0.1.0, pg-extension-binding",
    "0.1.0, 0.1.0, 0.1.1, pg-extension-binding",
    "0.1.1, '',    0.1.0, pg-extension-binding",
    "0.1.0-SNAPSHOT, 0.1.0-SNAPSHOT, 0.1.0, pg-extension-binding"
  })
  void clientRejectsArtifactsOfAnotherVersion(
      String core, String batching, String binding, String wrong) throws Exception {
    assertThatThrownBy(() -> buildClient(core, batching, binding))
        .hasRootCauseInstanceOf(IllegalStateException.class)
        .rootCause()
        .hasMessage(
            "io.github.pg-hello:pg-hello-core:%s (%s) and io.github.pg-hello:%s:%s (%s) have"
                + " different versions. Use one version of all artifacts: import"
                + " io.github.pg-hello:pg-hello-bom, and remove other versions of these artifacts."
                + " This command lists all versions: mvn dependency:tree"
                + " -Dincludes=io.github.pg-hello",
            core,
            directory.resolve("pg-hello-core.jar").toUri().toURL(),
            wrong,
            wrong.equals("pg-extension-batching") ? batching : binding,
            directory.resolve(wrong + ".jar").toUri().toURL());
  }

  @ParameterizedTest
  @CsvSource({
    "0.1.1, 0.1.1, 0.1.1",
    "0.1.0-SNAPSHOT, 0.1.0-SNAPSHOT, 0.1.0-SNAPSHOT",
    "'', 0.1.0, 0.1.0",
    "0.1.1, '', ''",
    "'', '', ''"
  })
  void clientAcceptsOneVersionAndUnknownVersions(String core, String batching, String binding)
      throws Exception {
    assertThat(buildClient(core, batching, binding)).isEqualTo("ClientBuilder");
  }

  @Test
  void clientAcceptsAJarOfAnotherProjectThatContainsTheClient() throws Exception {
    group = "com.acme:";
    assertThat(buildClient("3.0", "0.1.0", "0.1.0")).isEqualTo("ClientBuilder");
  }

  @Test
  void manifestContainsTheCoordinatesAndTheVersion() throws Exception {
    assumeTrue(location(BatchedFunction.class).getPath().endsWith(".jar"));
    Package batching = BatchedFunction.class.getPackage();
    assertThat(batching.getImplementationTitle()).isEqualTo(GROUP + "pg-extension-batching");
    assertThat(batching.getImplementationVersion())
        .isEqualTo(System.getProperty("pg-hello.version"));
  }

  /** Calls {@code PgHelloClient.builder()}, and returns the name of the result's class. */
  private String buildClient(String core, String batching, String binding) throws Exception {
    var jars = new ArrayList<URL>();
    jars.add(jar(group + "pg-hello-core", core, PgHelloClient.class));
    jars.add(jar(GROUP + "pg-extension-batching", batching, BatchedFunction.class));
    jars.add(jar(GROUP + "pg-extension-binding", binding, ExtensionDescription.class));
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

  /** Packs the classes of a type's artifact into a jar with a title and a version, if not empty. */
  private URL jar(String title, String version, Class<?> type) throws Exception {
    var manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    if (!version.isEmpty()) {
      manifest.getMainAttributes().put(Attributes.Name.IMPLEMENTATION_TITLE, title);
      manifest.getMainAttributes().put(Attributes.Name.IMPLEMENTATION_VERSION, version);
    }
    Path jar = directory.resolve(title.substring(title.indexOf(':') + 1) + ".jar");
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
