// SPDX-License-Identifier: MIT
package io.pghello.extensions;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.data.document.Metadata;
import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.store.embedding.EmbeddingSearchRequest;
import dev.langchain4j.store.embedding.EmbeddingStore;
import dev.langchain4j.store.embedding.filter.MetadataFilterBuilder;
import dev.langchain4j.store.embedding.pgvector.PgVectorEmbeddingStore;
import io.pghello.extension.testkit.ExtensionTest;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.ai.embedding.EmbeddingResponse;
import org.springframework.ai.vectorstore.SearchRequest;
import org.springframework.ai.vectorstore.pgvector.PgVectorStore;
import org.springframework.jdbc.core.JdbcTemplate;

/** The vector stores of Spring AI and LangChain4j on pgvector, with a model that counts letters. */
// region class
@ExtensionTest(extensions = {"vector", "hstore", "uuid-ossp"})
class VectorStoresIT {
  // endregion

  // region embed
  /** Embeds a text as the counts of its letters a, e and o. */
  private static float[] embed(String text) {
    var embedding = new float[3];
    for (int i = 0; i < embedding.length; i++) {
      char letter = "aeo".charAt(i);
      embedding[i] = text.chars().filter(each -> each == letter).count();
    }
    return embedding;
  }

  // endregion

  // region model
  /** Your application uses the model of a provider. */
  static class LetterModel implements EmbeddingModel {
    @Override
    public EmbeddingResponse call(EmbeddingRequest request) {
      return new EmbeddingResponse(
          request.getInstructions().stream()
              .map(
                  text ->
                      new org.springframework.ai.embedding.Embedding(VectorStoresIT.embed(text), 0))
              .toList());
    }

    @Override
    public float[] embed(Document document) {
      return VectorStoresIT.embed(document.getText());
    }
  }

  // endregion

  // region spring
  @Test
  void springAiFindsTheMostSimilarDocument(DataSource dataSource) {
    PgVectorStore store =
        PgVectorStore.builder(new JdbcTemplate(dataSource), new LetterModel())
            .dimensions(3)
            .initializeSchema(true) // creates the table vector_store, with an HNSW index
            .build();
    store.afterPropertiesSet(); // as Spring does
    store.add(
        List.of(
            new Document("banana", Map.of("colour", "yellow")),
            new Document("beetle", Map.of("colour", "black")),
            new Document("avocado", Map.of("colour", "green"))));

    List<Document> found =
        store.similaritySearch(SearchRequest.builder().query("papaya").topK(1).build());

    assertThat(found).extracting(Document::getText).containsExactly("banana");
  }

  // endregion

  @Test
  void springAiFiltersAndDeletes(Connection connection, DataSource dataSource) throws SQLException {
    PgVectorStore store =
        PgVectorStore.builder(new JdbcTemplate(dataSource), new LetterModel())
            .dimensions(3)
            .initializeSchema(true)
            .build();
    store.afterPropertiesSet();
    var black = new Document("beetle", Map.of("colour", "black"));
    store.add(List.of(new Document("banana", Map.of("colour", "yellow")), black));
    SearchRequest filtered =
        SearchRequest.builder().query("kale").topK(5).filterExpression("colour == 'black'").build();
    assertThat(store.similaritySearch(filtered))
        .extracting(Document::getText)
        .containsExactly("beetle");
    store.delete(List.of(black.getId()));
    assertThat(store.similaritySearch(filtered)).isEmpty();
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT count(*) FROM pg_indexes WHERE tablename = 'vector_store' AND indexdef LIKE '%hnsw%'")) {
      row.next();
      assertThat(row.getInt(1)).isEqualTo(1);
    }
  }

  // region langchain
  @Test
  void langChain4jFindsTheMostSimilarText(DataSource dataSource) {
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

  // endregion
}
