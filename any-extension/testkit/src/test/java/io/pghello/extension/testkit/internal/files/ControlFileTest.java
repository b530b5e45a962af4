// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ControlFileTest {
  private static ControlFile read(String content) {
    return new ControlFile(content.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void readsVersionAndRequirements() {
    ControlFile file =
        read(
            """
            # requires = 'a comment'
            comment = 'it''s # for requires = x'
            DEFAULT_VERSION = '1.0' # the newest
            requires='cube, "Acme Geo" ,plpgsql'
            relocatable true
            """);
    assertThat(file.defaultVersion()).hasValue("1.0");
    assertThat(file.requires()).containsExactly("cube", "Acme Geo", "plpgsql");
  }

  @Test
  void acceptsValuesWithoutQuotes() {
    ControlFile file = read("default_version = 1.2\r\nrequires = cube\r\n");
    assertThat(file.defaultVersion()).hasValue("1.2");
    assertThat(file.requires()).containsExactly("cube");
  }

  @Test
  void mayBeEmpty() {
    assertThat(read("").defaultVersion()).isEmpty();
    assertThat(read("requires = ''").requires()).isEmpty();
  }
}
