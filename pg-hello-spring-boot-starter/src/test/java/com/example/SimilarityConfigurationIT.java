// SPDX-License-Identifier: MIT
package com.example;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.pghello.PgHelloClient;
import io.pghello.extension.testkit.spring.AutoConfigureExtensionDatabase;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** An application with a client for a function of another extension, and without pg_hello. */
@SpringBootTest(
    classes = SimilarityConfigurationIT.Application.class,
    webEnvironment = SpringBootTest.WebEnvironment.NONE,
    properties = {
      "pg-extension.check=pg_trgm",
      "spring.flyway.enabled=false",
      "spring.autoconfigure.exclude=io.pghello.spring.boot.PgHelloAutoConfiguration"
    })
@AutoConfigureExtensionDatabase(extensions = "pg_trgm")
class SimilarityConfigurationIT {
  @Configuration
  @EnableAutoConfiguration
  @Import(SimilarityConfiguration.class)
  static class Application {}

  @Test
  void callsTheFunction(@Autowired SimilarityClient similarity, @Autowired ApplicationContext all) {
    assertEquals(0.5714286f, similarity.similarity("word", "words"));
    assertThat(all.getBeansOfType(PgHelloClient.class)).isEmpty();
  }
}
