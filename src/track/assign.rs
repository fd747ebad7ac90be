//! Who belongs to whom at the least total cost, on buffers that are used again.
//!
//! Shortest augmenting paths with prices (Jonker and Volgenant 1987) over the allowed pairs only: on a road each track has two or
//! three candidates, so a search ends after a few steps where a full matrix would be walked through. Staying alone has a price too,
//! the limit: a pair dearer than that is never made, and a cheap pair is never broken to make a dear one.

/// A pair that may be made.
#[derive(Clone, Copy, Debug)]
struct Edge {
    column: usize,
    cost: f32,
}

/// Reusable memory for one problem after the other: `begin`, then for each row `next_row` and its `allow`s, then `solve`.
#[derive(Debug)]
pub(super) struct Assignment {
    columns: usize,
    limit: f32,
    edges: Vec<Edge>,
    /// Where the edges of each row begin.
    starts: Vec<usize>,
    row_price: Vec<f32>,
    /// What is known of each column. Behind the real ones stands one for each row, which means staying alone.
    places: Vec<Place>,
    /// Columns met in the present search.
    met: Vec<usize>,
    column_of: Vec<Option<usize>>,
}

/// A column and what the present search knows of it.
#[derive(Clone, Copy, Debug)]
struct Place {
    price: f32,
    row: Option<usize>,
    nearest: f32,
    from_row: usize,
    is_done: bool,
}

const EMPTY: Place = Place { price: 0.0, row: None, nearest: f32::INFINITY, from_row: 0, is_done: false };

impl Assignment {
    /// With room for `things` rows and columns before it must ask for memory.
    pub(super) fn with_room(things: usize) -> Self {
        Self {
            edges: Vec::with_capacity(8 * things),
            starts: Vec::with_capacity(things + 1),
            row_price: Vec::with_capacity(things),
            places: Vec::with_capacity(2 * things),
            met: Vec::with_capacity(2 * things),
            column_of: Vec::with_capacity(things),
            columns: 0,
            limit: 0.0,
        }
    }

    /// Begins a problem with this many columns; staying alone costs `limit`.
    pub(super) fn begin(&mut self, columns: usize, limit: f32) {
        (self.columns, self.limit) = (columns, limit);
        self.edges.clear();
        self.starts.clear();
    }

    /// The following pairs are those of the next row.
    pub(super) fn next_row(&mut self) {
        self.starts.push(self.edges.len());
    }

    /// Allows a pair; at or above the limit, or NaN, it stays forbidden. Each column once a row.
    pub(super) fn allow(&mut self, column: usize, cost: f32) {
        if cost < self.limit {
            self.edges.push(Edge { column, cost });
        }
    }

    /// The column of each row, or `None` for staying alone.
    pub(super) fn solve(&mut self) -> &[Option<usize>] {
        let rows = self.starts.len();
        self.starts.push(self.edges.len());
        self.row_price.clear();
        self.row_price.resize(rows, 0.0);
        self.places.clear();
        self.places.resize(self.columns + rows, EMPTY);
        self.column_of.clear();
        self.column_of.resize(rows, None);
        for row in 0..rows {
            self.place(row);
        }
        for column in &mut self.column_of {
            *column = column.filter(|&column| column < self.columns);
        }
        &self.column_of
    }

    /// Finds the cheapest way to a free column for `row`, others moving over along the way (Dijkstra over reduced costs).
    fn place(&mut self, row: usize) {
        self.met.clear();
        let (mut current, mut travelled) = (row, 0.0);
        let end = loop {
            self.look_from(current, travelled);
            let open = self.met.iter().copied().filter(|&column| !self.places[column].is_done);
            // There always is one: the row's own place for staying alone is free until the row takes it.
            let Some(nearest) = open.min_by(|&a, &b| self.places[a].nearest.total_cmp(&self.places[b].nearest)) else { return };
            travelled = self.places[nearest].nearest;
            match self.places[nearest].row {
                Some(next) => current = next,
                None => break nearest,
            }
            self.places[nearest].is_done = true;
        };
        self.settle(row, travelled);
        self.hand_over(end);
        for &column in &self.met {
            let place = &mut self.places[column];
            (place.nearest, place.is_done) = (f32::INFINITY, false);
        }
    }

    /// Notes what can be reached from `row`, itself reached at a cost of `travelled`.
    fn look_from(&mut self, row: usize, travelled: f32) {
        let alone = Edge { column: self.columns + row, cost: self.limit };
        for edge in self.edges[self.starts[row]..self.starts[row + 1]].iter().chain([&alone]) {
            let place = &mut self.places[edge.column];
            let reached = travelled + edge.cost - self.row_price[row] - place.price;
            if reached < place.nearest && !place.is_done {
                if place.nearest == f32::INFINITY {
                    self.met.push(edge.column);
                }
                (place.nearest, place.from_row) = (reached, row);
            }
        }
    }

    /// Brings the prices up to date after a search of this length.
    fn settle(&mut self, row: usize, length: f32) {
        self.row_price[row] += length;
        for &column in &self.met {
            let place = &mut self.places[column];
            if let (true, Some(holder)) = (place.is_done, place.row) {
                let rest = length - place.nearest;
                place.price -= rest;
                self.row_price[holder] += rest;
            }
        }
    }

    /// Gives `end` to the row that reached it, that row's old column to the one before, and so on back to the row without one.
    fn hand_over(&mut self, end: usize) {
        let mut left = Some(end);
        while let Some(column) = left {
            let taker = self.places[column].from_row;
            self.places[column].row = Some(taker);
            left = self.column_of[taker].replace(column);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: f32 = 1.0;

    fn solved(costs: &[Vec<f32>], columns: usize) -> Vec<Option<usize>> {
        let mut assignment = Assignment::with_room(4);
        assignment.begin(columns, LIMIT);
        for line in costs {
            assignment.next_row();
            for (column, &cost) in line.iter().enumerate() {
                assignment.allow(column, cost);
            }
        }
        assignment.solve().to_vec()
    }

    fn price(costs: &[Vec<f32>], of: &[Option<usize>]) -> f32 {
        of.iter().enumerate().map(|(row, column)| column.map_or(LIMIT, |column| costs[row][column])).sum()
    }

    /// The least price by trying everything.
    fn brute_force(costs: &[Vec<f32>], row: usize, taken: u32) -> f32 {
        let Some(line) = costs.get(row) else { return 0.0 };
        let alone = LIMIT + brute_force(costs, row + 1, taken);
        let free = line.iter().enumerate().filter(|&(column, &cost)| taken & (1 << column) == 0 && cost < LIMIT);
        free.map(|(column, cost)| cost + brute_force(costs, row + 1, taken | 1 << column)).fold(alone, f32::min)
    }

    fn problems() -> impl Strategy<Value = (usize, Vec<Vec<f32>>)> {
        (0usize..7, 0usize..7)
            .prop_flat_map(|(rows, columns)| (Just(columns), prop::collection::vec(prop::collection::vec(0.0f32..1.6, columns), rows)))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn it_is_as_cheap_as_trying_everything((columns, costs) in problems()) {
            let of = solved(&costs, columns);
            prop_assert!((price(&costs, &of) - brute_force(&costs, 0, 0)).abs() < 1e-4);
            let mut used: Vec<_> = of.iter().flatten().collect();
            used.sort_unstable();
            used.dedup();
            prop_assert_eq!(used.len(), of.iter().flatten().count(), "no column twice");
            prop_assert!(of.iter().enumerate().all(|(row, column)| column.is_none_or(|column| costs[row][column] < LIMIT)));
        }
    }

    #[test]
    fn a_good_pair_is_not_broken_to_make_two_bad_ones() {
        assert_eq!(solved(&[vec![0.1, 0.95], vec![0.95, 2.0]], 2), vec![Some(0), None]);
    }
}
