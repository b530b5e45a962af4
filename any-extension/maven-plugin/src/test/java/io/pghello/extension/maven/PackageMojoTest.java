// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.testkit.internal.Platform;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.maven.plugin.MojoFailureException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests of the goal {@code package} on made-up installations, without a compiler. */
class PackageMojoTest {
  private static final String PLATFORM = Platform.current();

  @TempDir private Path folder;

  /** Writes a file as make install does for a major. */
  private void install(int major, String file, String content) throws IOException {
    Path path = Pgxs.installed(folder.resolve("build"), major).resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, content);
  }

  private void install(int major, String content) throws IOException {
    install(major, "usr/share/postgresql/" + major + "/extension/acme.control", content);
    install(major, "usr/lib/postgresql/" + major + "/lib/acme.so", content);
  }

  private PackageMojo mojo(Integer... majors) {
    var mojo = new PackageMojo();
    mojo.buildDirectory = folder.resolve("build").toFile();
    mojo.classesDirectory = folder.resolve("classes").toFile();
    mojo.majors = List.of(majors);
    return mojo;
  }

  private Path packed() {
    return folder.resolve("classes/META-INF/pg-extension");
  }

  private List<String> listed() throws IOException {
    return Files.readAllLines(packed().resolve("acme/SHA256SUMS")).stream()
        .map(line -> line.substring(line.indexOf(' ')).strip())
        .toList();
  }

  /** Files of other majors may be of other sources. */
  @Test
  void keepsNothingOfAnEarlierBuild() throws Exception {
    install(15, "before");
    install(17, "before");
    install(17, "usr/share/postgresql/17/extension/acme--1.0--1.1.sql", "SELECT 1;");
    mojo(15, 17).execute();
    assertThat(listed())
        .containsExactly(
            PLATFORM + "/15/acme.so",
            PLATFORM + "/17/acme.so",
            "share/15/extension/acme.control",
            "share/17/extension/acme--1.0--1.1.sql",
            "share/17/extension/acme.control");
    install(17, "after");
    Files.delete(
        Pgxs.installed(folder.resolve("build"), 17)
            .resolve("usr/share/postgresql/17/extension/acme--1.0--1.1.sql"));
    mojo(17).execute();
    assertThat(listed())
        .containsExactly(PLATFORM + "/17/acme.so", "share/17/extension/acme.control");
    assertThat(packed().resolve("acme/" + PLATFORM + "/15")).doesNotExist();
    assertThat(packed().resolve("acme/" + PLATFORM + "/17/acme.so")).hasContent("after");
    assertThat(packed().resolve("acme.properties")).hasContent("majors=17");
  }

  /** A Makefile may make scripts for the server that it finds. */
  @Test
  void packsScriptsOfEachMajor() throws Exception {
    install(15, "default_version = '1.5'");
    install(17, "default_version = '1.7'");
    mojo(15, 17).execute();
    assertThat(packed().resolve("acme/share/15/extension/acme.control"))
        .hasContent("default_version = '1.5'");
    assertThat(packed().resolve("acme/share/17/extension/acme.control"))
        .hasContent("default_version = '1.7'");
    assertThat(packed().resolve("acme.properties")).hasContent("majors=15,17");
  }

  @Test
  void writesSettingsAsPropertiesHaveThem() throws Exception {
    Map<String, String> settings =
        Map.of("acme.unit", "m²", "acme.pattern", " \\d\n\r=!#: ", "acme.empty", "");
    install(17, "");
    PackageMojo mojo = mojo(17);
    mojo.preload = List.of("acme", "acme_worker");
    mojo.settings = settings;
    mojo.execute();
    Path file = packed().resolve("acme.properties");
    var descriptor = new Properties();
    try (Reader in = Files.newBufferedReader(file)) {
      descriptor.load(in);
    }
    assertThat(descriptor)
        .containsEntry("preload", "acme,acme_worker")
        .containsEntry("setting.acme.unit", settings.get("acme.unit"))
        .containsEntry("setting.acme.pattern", settings.get("acme.pattern"))
        .containsEntry("setting.acme.empty", "")
        .hasSize(5);
    // the same bytes at any time
    assertThat(Files.readAllLines(file)).isSorted().noneMatch(line -> line.startsWith("#"));
  }

  @Test
  void refusesWhatAServerHasNoPlaceFor() throws Exception {
    install(17, "");
    install(17, "usr/lib/x86_64-linux-gnu/libz.so.1", "");
    PackageMojo mojo = mojo(17);
    assertThatThrownBy(mojo::execute)
        .isInstanceOf(MojoFailureException.class)
        .hasMessage(
            "make install has put libz.so.1 into a folder of libraries for all programs, which a"
                + " jar cannot have: link it statically, or have it installed by a package.");
  }
}
