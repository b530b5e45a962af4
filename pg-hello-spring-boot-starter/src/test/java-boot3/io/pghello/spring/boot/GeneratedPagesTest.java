// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * The page must contain the properties from the metadata that editors use for completion. {@code
 * -Dpg-hello.generate=true} writes them.
 */
class GeneratedPagesTest {
  private static final Path PAGE = Path.of("..", "docs", "pg-hello", "spring-boot.md");
  private static final Path METADATA =
      Path.of("target", "classes", "META-INF", "spring-configuration-metadata.json");
  private static final Pattern TABLE =
      Pattern.compile("(?<=<!-- properties -->\n).*?(?=<!-- end -->)", Pattern.DOTALL);

  @Test
  void hasTheProperties() throws IOException {
    String page = Files.readString(PAGE);
    String generated = TABLE.matcher(page).replaceFirst(Matcher.quoteReplacement(table()));
    if (Boolean.getBoolean("pg-hello.generate")) {
      Files.writeString(PAGE, generated);
    } else {
      assertThat(page).as("%s: ./dev generate refreshes it", PAGE).isEqualTo(generated);
    }
  }

  private static String table() throws IOException {
    var table = new StringBuilder("| property | default | |\n|---|---|---|\n");
    int rows = 0;
    for (JsonNode property : new ObjectMapper().readTree(METADATA.toFile()).get("properties")) {
      JsonNode value = property.get("defaultValue");
      assertThat(property.hasNonNull("description")).as("%s", property).isTrue();
      table
          .append("| `")
          .append(property.get("name").asText())
          .append("` | ")
          .append(value == null ? "" : "`" + value.asText() + "`")
          .append(" | ")
          .append(property.get("description").asText())
          .append(" |\n");
      rows++;
    }
    assertThat(rows).isGreaterThanOrEqualTo(14);
    return table.toString();
  }
}
