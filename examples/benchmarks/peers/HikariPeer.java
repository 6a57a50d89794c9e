import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** HikariCP with pgjdbc. */
public class HikariPeer {
    public static void main(String[] arguments) throws Exception {
        Matcher url = Pattern.compile("postgresql://([^:]+):([^@]+)@(.+)").matcher(System.getenv("DATABASE_URL"));
        if (!url.matches()) throw new IllegalArgumentException("DATABASE_URL is not postgresql://user:password@host/database");
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:postgresql://" + url.group(3));
        config.setUsername(url.group(1));
        config.setPassword(url.group(2));
        config.setMaximumPoolSize(1);
        try (HikariDataSource pool = new HikariDataSource(config)) {
            try (Connection connection = pool.getConnection();
                    ResultSet result = connection.createStatement().executeQuery("SELECT pg_backend_pid()")) {
                result.next();
                System.out.println("ready " + result.getInt(1));
            }
            BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                StringBuilder durations = new StringBuilder();
                long before = System.nanoTime();
                for (int number = 0, calls = Integer.parseInt(line); number < calls; number++) {
                    call(pool, number);
                    long now = System.nanoTime();
                    durations.append(now - before).append(' ');
                    before = now;
                }
                System.out.println(durations);
            }
        }
    }

    private static void call(HikariDataSource pool, int number) throws Exception {
        try (Connection connection = pool.getConnection();
                PreparedStatement statement = connection.prepareStatement("SELECT ?::int4")) {
            statement.setInt(1, number);
            try (ResultSet result = statement.executeQuery()) {
                result.next();
                if (result.getInt(1) != number) throw new IllegalStateException("a wrong answer");
            }
        }
    }
}
