// SPDX-License-Identifier: MIT
package io.pghello.extensions;

import static io.pghello.extensions.SpringAiIT.embed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.data.document.Metadata;
import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.store.embedding.EmbeddingSearchRequest;
import dev.langchain4j.store.embedding.EmbeddingStore;
import dev.langchain4j.store.embedding.filter.MetadataFilterBuilder;
import dev.langchain4j.store.embedding.pgvector.PgVectorEmbeddingStore;
import io.pghello.extension.testkit.ExtensionTest;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** The vector store of LangChain4j on pgvector. */
// region test
@ExtensionTest(extensions = "vector")
class LangChain4jIT {
  @Test
  void findsTheMostSimilarText(DataSource dataSource) {
    EmbeddingStore<TextSegment> store =
        PgVectorEmbeddingStore.datasourceBuilder()
            .datasource(dataSource)
            .table("item")
            .dimension(3)
            .createTable(true)
            .build();
    for (String text : List.of("banana", "beetle", "avocado")) {
      store.add(
          Embedding.from(embed(text)),
          TextSegment.from(text, Metadata.from("first", text.substring(0, 1))));
    }
    var request =
        EmbeddingSearchRequest.builder()
            .queryEmbedding(Embedding.from(embed("papaya")))
            .maxResults(1);
    assertThat(store.search(request.build()).matches())
        .extracting(match -> match.embedded().text())
        .containsExactly("banana");

    request.filter(MetadataFilterBuilder.metadataKey("first").isEqualTo("a"));
    assertThat(store.search(request.build()).matches())
        .extracting(match -> match.embedded().text())
        .containsExactly("avocado");
  }
}
// endregion
