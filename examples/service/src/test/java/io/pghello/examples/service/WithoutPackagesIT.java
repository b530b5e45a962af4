// SPDX-License-Identifier: MIT
package io.pghello.examples.service;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.examples.service.Http.Answer;
import io.pghello.testkit.spring.AutoConfigurePgHello;
import java.net.http.HttpRequest.BodyPublishers;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.context.TypeExcludeFilter;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.context.filter.annotation.TypeExcludeFilters;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.ApplicationContext;
import org.springframework.core.type.classreading.MetadataReader;
import org.springframework.core.type.classreading.MetadataReaderFactory;

/** Tests the service without its optional packages. */
@SpringBootTest(
    webEnvironment = WebEnvironment.RANDOM_PORT,
    properties = "greeting.admin-token=" + ServiceTest.TOKEN)
@AutoConfigurePgHello
@TypeExcludeFilters(WithoutPackagesIT.Deleted.class)
class WithoutPackagesIT {
  private static final String DELETED =
      "io\\.pghello\\.examples\\.service\\.(demo|load|limit|cache|redis)\\..*";

  @LocalServerPort int port;
  @Autowired ApplicationContext context;

  /** Hides the optional packages from Spring. */
  static final class Deleted extends TypeExcludeFilter {
    @Override
    public boolean match(MetadataReader reader, MetadataReaderFactory factory) {
      return reader.getClassMetadata().getClassName().matches(DELETED);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Deleted;
    }

    @Override
    public int hashCode() {
      return Deleted.class.hashCode();
    }
  }

  @Test
  void greets() throws Exception {
    for (String name : context.getBeanDefinitionNames()) {
      Class<?> type = context.getType(name);
      assertThat(type == null ? "" : type.getName()).doesNotMatch(DELETED);
    }
    var http = new Http(port);
    for (int i = 0; i < 2; i++) {
      Answer answer = http.get("/greeting/Ada?repeat=2");
      assertThat(answer.json().path("greeting").asString()).isEqualTo("Hello, Ada! Hello, Ada!");
      assertThat(answer.json().path("cached").asBoolean()).isFalse();
      assertThat(answer.header("RateLimit-Limit")).isNull();
    }
    assertThat(http.get("/api/greeting/Ada").status()).isEqualTo(200);
    assertThat(http.post("/api/bulk-greetings", "{\"names\":[\"Ada\"]}").status()).isEqualTo(200);
    Answer query = http.post("/graphql", "{\"query\":\"{greeting(name:\\\"Ada\\\"){greeting}}\"}");
    assertThat(query.json().at("/data/greeting/greeting").asString()).isEqualTo("Hello, Ada!");
    Answer evicted =
        http.send(
            "DELETE",
            "/greeting/Ada",
            BodyPublishers.noBody(),
            "Authorization",
            ServiceTest.BEARER);
    assertThat(evicted.status()).isEqualTo(204);
    assertThat(http.get("/").status()).isEqualTo(200);
    assertThat(http.get("/api/load").status()).isEqualTo(404);
    assertThat(http.get("/v3/api-docs").response().body()).doesNotContain("too many requests");
  }
}
